"""What values may be used for, in the sense of data protection, and the check of who chooses columns.

Here: what each purpose means, and the refusal of columns that were not collected for it. Not here: which
feature has which purposes (the catalogue says it).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from persona_pipeline.contracts.column import Purpose, Table, Type

# English and Chinese; what keeps to it stands in the second sentence
MEANING: dict[Purpose, tuple[str, str]] = {
    Purpose.ANALYTICS: (
        "people read it: counts, means and profiles in reports and BI. "
        "Without it the column stays in the lake and is not published to the warehouse.",
        "供人阅读：报表与 BI 中的计数、均值和客户档案。没有此用途的列只留在数据湖中，不发布到数据仓库。",
    ),
    Purpose.SEGMENTATION: (
        "it may decide which customers belong together. "
        "Without it `[segmentation] features` may not name it.",
        "可决定哪些客户归为一群。没有此用途的特征不能写入 `[segmentation] features`。",
    ),
    Purpose.SCORING: (
        "it may be an input of models that predict what a customer will do. Without it no model is given it.",
        "可作为预测客户行为的模型的输入。没有此用途的特征不会交给任何模型。",
    ),
    Purpose.RECOMMENDATION: (
        "it may decide what is offered. Offers are made from purchases and views today; the word binds who "
        "builds offers on this table.",
        "可决定推荐什么。目前推荐由购买与浏览得出；此用途约束在本表之上另做推荐的人。",
    ),
    Purpose.CONTACT: (
        "it may decide whether, when and through which channel somebody is contacted. The profile's "
        "preferred channel and contactability are made only from features that have it.",
        "可决定是否、何时以及通过哪个渠道触达。档案中的偏好渠道与可触达性只由具有此用途的特征得出。",
    ),
}
NUMBERS = (Type.INTEGER, Type.DECIMAL, Type.DOUBLE, Type.BOOLEAN)


class NotUsable(ValueError):
    """Columns that a configuration chose and that cannot be used; the message says what to do."""


def suggestion(word: str, known: Iterable[str], otherwise: str) -> str:
    """`did you mean 'x'?` for a misspelt word, and `otherwise` where nothing known is like it."""
    close = difflib.get_close_matches(word, list(known), n=1)
    return f"did you mean '{close[0]}'?" if close else otherwise


def check_chosen(table: Table, names: Iterable[str], purpose: Purpose, where: str) -> None:
    """Refuse columns that a table lacks, that are no numbers, or that may not be used for that.

    Raises:
        NotUsable: the first of them, with `where` it was chosen.
    """
    for name in names:
        if name not in table.column_names:
            hint = suggestion(name, table.column_names, "list them with: persona features")
            raise NotUsable(f"{where} names {name!r}, which is no column of {table.full_name}; {hint}")
        column = table.column(name)
        if column.type not in NUMBERS:
            raise NotUsable(f"{where} names {name}, which is {column.type}; expected a number or a yes or no")
        if not column.allows(purpose):
            raise NotUsable(
                f"{where} names {name}, which may be used for {', '.join(column.purposes or ())} and not for "
                f"{purpose}; name another feature, or change its purpose in the catalogue"
            )
