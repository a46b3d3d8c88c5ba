"""What goes together: baskets, frequent itemsets and association rules.

Here: the exact miner, the measures of a rule and the weekly fit. Not here: offers to a customer.
"""

from persona_pipeline.affinity.fit import AffinityOptions, fit_week
from persona_pipeline.affinity.itemsets import Itemsets, NotEnoughData, mine_itemsets
from persona_pipeline.affinity.rules import association_rules

__all__ = ["AffinityOptions", "Itemsets", "NotEnoughData", "association_rules", "fit_week", "mine_itemsets"]
