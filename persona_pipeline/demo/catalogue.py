"""The product catalogue: titles, brands, prices, popularity, and which products the rules tie together.

Here: what can be bought. Not here: who buys it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from persona_pipeline.demo.personas import (
    CATEGORIES,
    PRODUCTS_PER_TIER,
    STAPLE_CATEGORY,
    TIERS,
    affinities,
    column,
)
from persona_pipeline.demo.seeds import Stream, generator

TIER_PRICE = (0.45, 1.0, 3.2)
# Typical price of the middle tier in the shop's currency.
BASE_PRICE = (28, 24, 95, 130, 150, 240, 620, 780, 180, 45, 110, 70)
NOUNS = (
    (
        "坚果 Nuts",
        "橄榄油 Olive oil",
        "燕麦 Oatmeal",
        "酸奶 Yoghurt",
        "乌龙茶 Oolong tea",
        "面条 Noodles",
        "大米 Rice",
    ),
    (
        "洗衣液 Detergent",
        "抽纸 Tissues",
        "洗洁精 Dish soap",
        "垃圾袋 Bin bags",
        "海绵 Sponges",
        "消毒液 Disinfectant",
    ),
    (
        "纸尿裤 Diapers",
        "奶粉 Milk powder",
        "湿巾 Baby wipes",
        "奶瓶 Baby bottle",
        "围兜 Bibs",
        "辅食 Baby food",
    ),
    ("口红 Lipstick", "面膜 Face mask", "精华 Serum", "防晒霜 Sunscreen", "香水 Perfume", "粉底 Foundation"),
    ("连衣裙 Dress", "卫衣 Hoodie", "牛仔裤 Jeans", "衬衫 Shirt", "针织衫 Knitwear", "羽绒服 Down jacket"),
    (
        "单肩包 Shoulder bag",
        "运动鞋 Sneakers",
        "短靴 Boots",
        "钱包 Wallet",
        "双肩包 Backpack",
        "凉鞋 Sandals",
    ),
    (
        "耳机 Headphones",
        "键盘 Keyboard",
        "充电宝 Power bank",
        "手机壳 Phone case",
        "平板 Tablet",
        "显示器 Monitor",
    ),
    (
        "电饭煲 Rice cooker",
        "吸尘器 Vacuum cleaner",
        "电热水壶 Kettle",
        "空气炸锅 Air fryer",
        "加湿器 Humidifier",
    ),
    ("瑜伽垫 Yoga mat", "跑步鞋 Running shoes", "哑铃 Dumbbells", "骑行服 Cycling jersey", "球拍 Racket"),
    ("小说 Novel", "绘本 Picture book", "历史 History book", "编程 Programming book", "字帖 Copybook"),
    ("积木 Building blocks", "贺卡 Greeting cards", "香薰 Scented candle", "马克杯 Mug", "拼图 Puzzle"),
    ("猫粮 Cat food", "狗粮 Dog food", "猫砂 Cat litter", "牵引绳 Leash", "宠物零食 Pet treats"),
)
BRANDS = (
    "云杉 Yunshan",
    "小满 Xiaoman",
    "海棠 Haitang",
    "北辰 Beichen",
    "Aurora",
    "Kestrel",
    "青禾 Qinghe",
    "Lumen",
    "拾光 Shiguang",
    "Norda",
)
SIZES = ("基础款", "经典款", "家庭装", "升级款", "限量版", "轻享装", "旗舰款", "组合装, 2件")
STAPLES = (("购物袋 Shopping bag", 60, 0.24), ("冰袋 Ice pack", 150, 0.22), ("礼品包装 Gift wrap", 300, 0.20))
# The category that a rule reaches into, by category of its antecedent.
RELATED = (1, 0, 0, 4, 5, 4, 8, 1, 6, 10, 9, 1)
RULE_CONFIDENCE = (0.55, 0.50, 0.60, 0.45, 0.50, 0.55)
WEEKLY_CHANGES = 6


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Products in the order of their ids; `product_ids` were shuffled, so an id says nothing."""

    product_ids: tuple[str, ...]
    titles: tuple[str, ...]
    brands: tuple[str, ...]
    categories: tuple[str, ...]
    category: np.ndarray  # index into CATEGORIES; len(CATEGORIES) for what is added at the checkout
    price: np.ndarray  # list price in minor units by (Monday, product)
    group_products: np.ndarray  # product by position, grouped by (category, tier)
    group_cdf: np.ndarray  # group number + cumulative popularity, aligned with group_products
    rules: np.ndarray  # (rule, 2): antecedent, consequent
    confidence: np.ndarray  # probability that the rule adds the consequent
    staples: np.ndarray
    staple_probability: np.ndarray

    def __len__(self) -> int:
        """How many products."""
        return len(self.product_ids)


def _titles(rng: np.random.Generator) -> tuple[list[str], list[str], np.ndarray, np.ndarray]:
    titles: list[str] = []
    brands: list[str] = []
    category: list[int] = []
    tier: list[int] = []
    for index in range(len(CATEGORIES)):
        for level, count in enumerate(PRODUCTS_PER_TIER):
            for position in range(count):
                noun = NOUNS[index][(position + level) % len(NOUNS[index])]
                brand = BRANDS[int(rng.integers(len(BRANDS)))]
                titles.append(f"{brand.split()[0]} {noun} {SIZES[int(rng.integers(len(SIZES)))]}")
                brands.append(brand)
                category.append(index)
                tier.append(level)
    return titles, brands, np.array(category), np.array(tier)


def _weekly_prices(first: np.ndarray, weeks: int, rng: np.random.Generator) -> np.ndarray:
    """Every Monday a few list prices rise a little, so that no product ever returns to an old record."""
    prices = np.repeat(first[None, :], weeks, axis=0)
    for week in range(1, weeks):
        changed = rng.choice(first.size, size=WEEKLY_CHANGES, replace=False)
        step = np.maximum(
            1, np.round(prices[week - 1, changed] * rng.uniform(0.01, 0.04, WEEKLY_CHANGES))
        ).astype(np.int64)
        prices[week] = prices[week - 1]
        prices[week, changed] += step
    return prices


def _rules(category: np.ndarray, tier: np.ndarray, popularity_rank: np.ndarray) -> np.ndarray:
    """The most popular product of a group implies a less popular one of a related category."""
    share = column("share") * column("rate") * (1 + column("basket"))
    group_share = np.einsum("p,pc,pt->ct", share, affinities(), column("tiers"))
    pairs: list[tuple[int, int]] = []
    used: set[int] = set()
    for flat in np.argsort(-group_share, axis=None):
        group_category, group_tier = np.unravel_index(flat, group_share.shape)
        if len(pairs) == len(RULE_CONFIDENCE):
            break
        if int(group_category) in used:
            continue
        used.add(int(group_category))
        source = np.flatnonzero((category == group_category) & (tier == group_tier) & (popularity_rank == 0))[
            0
        ]
        # Ranks differ, so no product is the consequent of two rules.
        other = (category == RELATED[int(group_category)]) & (tier == 0) & (popularity_rank == 2 + len(pairs))
        target = np.flatnonzero(other)[0]
        pairs.append((int(source), int(target)))
    return np.array(pairs)


def build_catalogue(seed: int, weeks: int) -> Catalogue:
    """The catalogue of a seed with list prices for `weeks` Mondays."""
    rng = generator(seed, Stream.CATALOGUE)
    titles, brands, category, tier = _titles(rng)
    count = len(titles)
    base = np.array(BASE_PRICE)[category] * np.array(TIER_PRICE)[tier]
    price = np.round(base * rng.lognormal(0.0, 0.35, count) * 100).astype(np.int64)
    price = price // 10 * 10 + 9

    order = rng.permutation(count)
    rank = np.empty(count, dtype=np.int64)
    group = category * len(TIERS) + tier
    groups = len(CATEGORIES) * len(TIERS)
    group_products: list[np.ndarray] = []
    group_cdf: list[np.ndarray] = []
    for number in range(groups):
        members = order[group[order] == number]
        rank[members] = np.arange(members.size)
        popularity = 1.0 / (1.0 + np.arange(members.size))
        cdf = np.cumsum(popularity) / popularity.sum()
        cdf[-1] = 1.0
        group_products.append(members)
        group_cdf.append(cdf + number)

    rules = _rules(category, tier, rank)
    total = count + len(STAPLES)
    numbers = rng.permutation(9000)[:total] + 1000
    by_id = np.argsort(numbers)
    new_position = np.empty(total, dtype=np.int64)
    new_position[by_id] = np.arange(total)
    all_titles = [*titles, *(title for title, _, _ in STAPLES)]
    all_brands = [*brands, *(BRANDS[0] for _ in STAPLES)]
    all_category = np.concatenate([category, np.full(len(STAPLES), len(CATEGORIES))])
    names = (*CATEGORIES, STAPLE_CATEGORY)
    first_price = np.concatenate([price, np.array([cents for _, cents, _ in STAPLES])])[by_id]
    return Catalogue(
        product_ids=tuple(f"P{numbers[i]:05d}" for i in by_id),
        titles=tuple(all_titles[i] for i in by_id),
        brands=tuple(all_brands[i] for i in by_id),
        categories=tuple(names[all_category[i]] for i in by_id),
        category=all_category[by_id],
        price=_weekly_prices(first_price, max(1, weeks), rng),
        group_products=new_position[np.concatenate(group_products)],
        group_cdf=np.concatenate(group_cdf),
        rules=new_position[rules],
        confidence=np.array(RULE_CONFIDENCE),
        staples=new_position[count + np.arange(len(STAPLES))],
        staple_probability=np.array([probability for _, _, probability in STAPLES]),
    )
