"""Reads a status page's feeds with feedparser, and holds Atom against the grammar of RFC 4287. Usage: URL GRAMMAR

Prints what a reader has of each feed, as JSON.
"""

import copy
import json
import sys
from urllib.request import ProxyHandler, build_opener

import feedparser
from lxml import etree

url, grammar = sys.argv[1:3]
ATOM = "{http://www.w3.org/2005/Atom}"


def read(path, version):
    feed = feedparser.parse(url + path)
    # Not well-formed, of no media type that readers know, or in another encoding than it says.
    assert not feed.bozo, feed.get("bozo_exception")
    assert feed.version == version, feed.version
    assert feed.feed.updated_parsed, "the feed's own time can be read"
    entries = []
    for entry in feed.entries:
        assert entry.published_parsed, entry
        # Only RSS can say that an id is an address.
        assert version == "atom10" or entry.guidislink is False, entry.id
        text = entry.content[0] if version == "atom10" else entry.summary_detail
        assert text.type == "text/html", text
        entries.append({
            "id": entry.id,
            "title": entry.title,
            "link": entry.link,
            "published": list(entry.published_parsed[:6]),
            "updated": list(entry.updated_parsed[:6]) if "updated" in entry else None,
            "text": text.value,
        })
    links = {link.rel: link.href for link in feed.feed.links}
    return {"title": feed.feed.title, "links": links, "entries": entries}


def judge(path):
    schema = etree.RelaxNG(etree.parse(grammar))
    with build_opener(ProxyHandler({})).open(url + path, timeout=60) as answer:
        feed = etree.fromstring(answer.read())
    assert schema.validate(feed), schema.error_log
    # The grammar is one that notices.
    for missing in ("id", "updated", "title"):
        broken = copy.deepcopy(feed)
        broken.remove(broken.find(ATOM + missing))
        assert not schema.validate(broken), missing


judge("/history.atom")
print(json.dumps({"atom": read("/history.atom", "atom10"), "rss": read("/history.rss", "rss20")}))
