"""User agents as the browsers and robots of 2025 send them.

Here: plain lists by kind of device, and robots. Not here: who uses which, and how a reader tells them apart.
"""

from __future__ import annotations

_W = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
_M = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit"
_L = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)"
_K = "AppleWebKit/537.36 (KHTML, like Gecko)"
_I = "AppleWebKit/605.1.15 (KHTML, like Gecko)"

DESKTOP = (
    f"{_W} Chrome/131.0.0.0 Safari/537.36",
    f"{_W} Chrome/132.0.0.0 Safari/537.36",
    f"{_W} Chrome/133.0.0.0 Safari/537.36",
    f"{_W} Chrome/134.0.0.0 Safari/537.36",
    f"{_W} Chrome/109.0.0.0 Safari/537.36",
    f"{_W} Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0",
    f"{_W} Chrome/133.0.0.0 Safari/537.36 Edg/133.0.0.0",
    f"{_W} Chrome/134.0.0.0 Safari/537.36 Edg/134.0.0.0",
    f"{_W} Chrome/116.0.0.0 Safari/537.36 OPR/102.0.0.0",
    f"{_W} Chrome/122.0.6261.95 Safari/537.36 QIHU 360SE",
    f"{_W} Chrome/123.0.0.0 Safari/537.36 QQBrowser/13.6.6321.400",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:135.0) Gecko/20100101 Firefox/135.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko",
    f"{_M}/537.36 (KHTML, like Gecko) Chrome/132.0.0.0 Safari/537.36",
    f"{_M}/537.36 (KHTML, like Gecko) Chrome/134.0.0.0 Safari/537.36",
    f"{_M}/605.1.15 (KHTML, like Gecko) Version/18.2 Safari/605.1.15",
    f"{_M}/605.1.15 (KHTML, like Gecko) Version/18.3 Safari/605.1.15",
    f"{_M}/605.1.15 (KHTML, like Gecko) Version/17.6 Safari/605.1.15",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:134.0) Gecko/20100101 Firefox/134.0",
    f"{_L} Chrome/133.0.0.0 Safari/537.36",
    "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:134.0) Gecko/20100101 Firefox/134.0",
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
)
MOBILE = (
    f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_2 like Mac OS X) {_I} Version/18.2 Mobile/15E148 Safari/604.1",
    f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_3 like Mac OS X) {_I} Version/18.3 Mobile/15E148 Safari/604.1",
    f"Mozilla/5.0 (iPhone; CPU iPhone OS 17_6_1 like Mac OS X) {_I} Version/17.6 Mobile/15E148 Safari/604.1",
    f"Mozilla/5.0 (iPhone; CPU iPhone OS 16_7_10 like Mac OS X) {_I} Version/16.6 Mobile/15E148 Safari/604.1",
    f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_3 like Mac OS X) {_I} CriOS/133.0.6943.84 Mobile/15E148 "
    "Safari/604.1",
    f"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) {_I} FxiOS/134.0 Mobile/15E148 Safari/605.1.15",
    f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) {_I} Mobile/15E148 "
    "MicroMessenger/8.0.55(0x1800372b) NetType/WIFI Language/zh_CN",
    f"Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) {_I} Mobile/15E148 "
    "MicroMessenger/8.0.54(0x18003632) NetType/4G Language/zh_CN",
    f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_2 like Mac OS X) {_I} Mobile/15E148 Weibo (iPhone15,2__weibo"
    "__15.1.0__iphone__os18.2)",
    f"Mozilla/5.0 (Linux; Android 10; K) {_K} Chrome/131.0.0.0 Mobile Safari/537.36",
    f"Mozilla/5.0 (Linux; Android 10; K) {_K} Chrome/132.0.0.0 Mobile Safari/537.36",
    f"Mozilla/5.0 (Linux; Android 10; K) {_K} Chrome/133.0.0.0 Mobile Safari/537.36",
    f"Mozilla/5.0 (Linux; Android 10; K) {_K} Chrome/134.0.0.0 Mobile Safari/537.36",
    f"Mozilla/5.0 (Linux; Android 10; K) {_K} Chrome/131.0.0.0 Mobile Safari/537.36 EdgA/131.0.0.0",
    f"Mozilla/5.0 (Linux; Android 14; SM-S9210) {_K} Chrome/121.0.0.0 Mobile Safari/537.36",
    f"Mozilla/5.0 (Linux; Android 10; K) {_K} SamsungBrowser/27.0 Chrome/125.0.0.0 Mobile Safari/537.36",
    f"Mozilla/5.0 (Linux; Android 13; SM-A546B) {_K} SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile "
    "Safari/537.36",
    f"Mozilla/5.0 (Linux; U; Android 14; zh-cn; 23127PN0CC Build/UKQ1.230804.001) {_K} Version/4.0 "
    "Chrome/109.0.5414.118 Mobile Safari/537.36 XiaoMi/MiuiBrowser/18.7.80113",
    f"Mozilla/5.0 (Linux; Android 14; 2312DRA50C Build/UP1A.231005.007; wv) {_K} Version/4.0 "
    "Chrome/116.0.0.0 Mobile Safari/537.36 XWEB/1160117 MMWEBSDK/20240404 "
    "MicroMessenger/8.0.49.2600(0x28003133) WeChat/arm64 Weixin NetType/WIFI Language/zh_CN ABI/arm64",
    f"Mozilla/5.0 (Linux; Android 12; ELS-AN00 Build/HUAWEIELS-AN00; wv) {_K} Version/4.0 "
    "Chrome/114.0.5735.196 Mobile Safari/537.36 MicroMessenger/8.0.50.2701(0x28003256) "
    "WeChat/arm64 Weixin NetType/5G Language/zh_CN ABI/arm64",
    f"Mozilla/5.0 (Linux; Android 12; ALN-AL00) {_K} Chrome/114.0.5735.196 HuaweiBrowser/15.0.4.312 "
    "Mobile Safari/537.36",
    f"Mozilla/5.0 (Linux; Android 10; JEF-AN00) {_K} Chrome/99.0.4844.88 HuaweiBrowser/14.0.5.303 "
    "Mobile Safari/537.36",
    f"Mozilla/5.0 (Linux; U; Android 14; zh-cn; PJZ110 Build/UKQ1.231108.001) {_K} Version/4.0 "
    "Chrome/115.0.5790.168 Mobile Safari/537.36 HeyTapBrowser/40.8.34.1",
    f"Mozilla/5.0 (Linux; U; Android 13; zh-CN; V2243A Build/TP1A.220624.014) {_K} Version/4.0 "
    "Chrome/100.0.4896.58 UCBrowser/16.6.8.1320 Mobile Safari/537.36",
    f"Mozilla/5.0 (Linux; Android 14; V2324A; wv) {_K} Version/4.0 Chrome/87.0.4280.141 Mobile "
    "Safari/537.36 VivoBrowser/22.7.0.4",
    f"Mozilla/5.0 (Linux; U; Android 12; zh-cn; M2102K1C Build/SKQ1.220303.001) {_K} Version/4.0 "
    "Chrome/109.0.5414.86 MQQBrowser/15.1 Mobile Safari/537.36",
    f"Mozilla/5.0 (Linux; Android 15; Pixel 9) {_K} Chrome/133.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Android 14; Mobile; rv:134.0) Gecko/134.0 Firefox/134.0",
    "Mozilla/5.0 (Android 13; Mobile; rv:128.0) Gecko/128.0 Firefox/128.0",
)
TABLET = (
    f"Mozilla/5.0 (iPad; CPU OS 17_6_1 like Mac OS X) {_I} Version/17.6 Mobile/15E148 Safari/604.1",
    f"Mozilla/5.0 (iPad; CPU OS 16_7_10 like Mac OS X) {_I} Version/16.6 Mobile/15E148 Safari/604.1",
    f"Mozilla/5.0 (iPad; CPU OS 18_2 like Mac OS X) {_I} CriOS/131.0.6778.154 Mobile/15E148 Safari/604.1",
    f"Mozilla/5.0 (Linux; Android 14; SM-X710) {_K} Chrome/131.0.0.0 Safari/537.36",
    f"Mozilla/5.0 (Linux; Android 13; SM-T870) {_K} SamsungBrowser/25.0 Chrome/121.0.0.0 Safari/537.36",
    f"Mozilla/5.0 (Linux; Android 12; BAH4-W09) {_K} Chrome/114.0.5735.196 HuaweiBrowser/14.0.4.300 "
    "Safari/537.36",
    "Mozilla/5.0 (Android 13; Tablet; rv:133.0) Gecko/133.0 Firefox/133.0",
)
# Crawlers, monitors and tools; the last two send nothing.
ROBOTS = (
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    f"Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) {_K} Chrome/133.0.6943.53 Mobile "
    "Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    f"Mozilla/5.0 {_K}; compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm) Chrome/116.0.1938.76 "
    "Safari/537.36",
    "Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)",
    "Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)",
    "Sogou web spider/4.0(+http://www.sogou.com/docs/help/webmasters.htm#07)",
    f"Mozilla/5.0 (Linux; Android 5.0) {_K} Mobile Safari/537.36 (compatible; Bytespider; "
    "spider-feedback@bytedance.com)",
    "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
    "Mozilla/5.0 (compatible; SemrushBot/7~bl; +http://www.semrush.com/bot.html)",
    "Mozilla/5.0 (compatible;PetalBot;+https://webmaster.petalsearch.com/site/petalbot)",
    f"Mozilla/5.0 {_K}; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
    "Mozilla/5.0 (compatible; MJ12bot/v1.4.8; http://mj12bot.com/)",
    "DuckDuckBot/1.1; (+http://duckduckgo.com/duckduckbot.html)",
    f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_5) {_I} Version/13.1.1 Safari/605.1.15 "
    "(Applebot/0.1; +http://www.apple.com/go/applebot)",
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)",
    "Pingdom.com_bot_version_1.4_(http://www.pingdom.com/)",
    "curl/8.5.0",
    "python-requests/2.32.3",
    "Go-http-client/1.1",
    "-",
    "",
)
# What the agents above are known by; an agent that is empty or "-" is a robot too.
ROBOT_TOKENS = (
    "bot",
    "spider",
    "facebookexternalhit",
    "curl/",
    "python-requests",
    "Go-http-client",
)
PEOPLE = (*DESKTOP, *MOBILE, *TABLET)
AGENTS = (*PEOPLE, *ROBOTS)
FIRST_MOBILE, FIRST_TABLET, FIRST_ROBOT = len(DESKTOP), len(DESKTOP) + len(MOBILE), len(PEOPLE)
