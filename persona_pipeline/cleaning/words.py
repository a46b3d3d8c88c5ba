"""Words that sources use for declared values, in English and Chinese.

Lower case. Not here: numbers, dates.
"""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

_YES_NO = {
    "yes": ("yes", "y", "true", "1", "是", "同意"),
    "no": ("no", "n", "false", "0", "否", "不同意"),
}
TYPES: dict[str, dict[str, tuple[str, ...]]] = {
    "orders": {
        "sale": ("sale", "sales", "order", "purchase", "销售", "订单", "购买"),
        "refund": ("refund", "return", "credit", "退款", "退货"),
    },
    "social": {
        "post": ("post", "posting", "status", "tweet", "comment", "帖子", "动态", "微博", "评论"),
        "review": ("review", "rating", "评价", "点评"),
    },
}
USUAL: dict[str, dict[str, tuple[str, ...]]] = {
    "line_type": {
        "item": ("item", "product", "goods", "商品", "产品"),
        "shipping": ("shipping", "delivery", "postage", "freight", "carriage", "运费", "邮费", "快递费"),
        "tax": ("tax", "vat", "gst", "sales tax", "税", "税费", "税金"),
        "fee": ("fee", "surcharge", "handling", "手续费", "服务费", "包装费"),
        "discount": ("discount", "coupon", "voucher", "rebate", "折扣", "优惠", "优惠券"),
    },
    "gender": {
        "female": ("female", "f", "woman", "w", "女", "女性", "女士"),
        "male": ("male", "m", "man", "男", "男性", "先生"),
        "other": ("other", "x", "diverse", "non-binary", "nonbinary", "其他"),
        "unknown": ("unknown", "u", "n/a", "not stated", "未知", "保密"),
    },
    "income_band": {
        "low": ("low", "l", "低", "低收入"),
        "middle": ("middle", "medium", "mid", "m", "中", "中等", "中等收入"),
        "high": ("high", "h", "高", "高收入"),
        "unknown": ("unknown", "n/a", "未知", "保密"),
    },
    "consent_marketing": _YES_NO,
    "consent_profiling": _YES_NO,
    "consent_sharing": _YES_NO,
    "is_holdout": _YES_NO,
}


def word_table(kind: str, declared: Mapping[str, Mapping[str, str]]) -> pa.Table:
    """Columns field, word, value; what a source declares goes before the usual words of its kind."""
    rows: dict[tuple[str, str], str] = {}
    for field, values in {**USUAL, "type": TYPES.get(kind, {})}.items():
        rows.update({(field, word): value for value, words in values.items() for word in words})
    for field, words in declared.items():
        rows.update({(field, word.lower()): value for word, value in words.items()})
    items = sorted(rows.items())
    return pa.table(
        {
            "field": pa.array([field for (field, _), _ in items], pa.string()),
            "word": pa.array([word for (_, word), _ in items], pa.string()),
            "value": pa.array([value for _, value in items], pa.string()),
        }
    )
