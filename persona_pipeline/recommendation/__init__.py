"""What to offer each customer next: popularity, buy-again and item-item lists, judged on a split by time.

Here: the candidate lists, their ranking, the weekly fit and the daily apply. Not here: association rules.
"""

from persona_pipeline.recommendation.apply import apply_day
from persona_pipeline.recommendation.fit import fit_week
from persona_pipeline.recommendation.options import RecommendationOptions

__all__ = ["RecommendationOptions", "apply_day", "fit_week"]
