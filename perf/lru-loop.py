"""A plain loop doing LRU over a trace in the native format, as one writes it in an afternoon. Prints JSON.

    python3 lru-loop.py FOLDER CAPACITY...

Reading makes a dictionary per request with what the loop needs, its key among it. Times are processor seconds of the process:
of the loops alone, and of everything from its start.
"""
import glob
import json
import os
import sys
import time
from collections import OrderedDict


def load(folder):
    requests = []
    for path in sorted(glob.glob(os.path.join(folder, "*.json"))):
        with open(path, encoding="utf-8") as source:
            for record in json.load(source):
                if record["http.request.method"] != "GET":
                    continue
                uri = record["http.request.uri"]
                if "blobs" not in uri or record["http.response.written"] <= 0:
                    continue
                requests.append({
                    "delay": record["timestamp"],
                    "key": uri.rsplit("/", 1)[-1],
                    "size": record["http.response.written"],
                })
    requests.sort(key=lambda request: request["delay"])
    return requests


def lru(requests, capacity):
    cache = OrderedDict()
    used = hits = 0
    for request in requests:
        key = request["key"]
        if key in cache:
            cache.move_to_end(key)
            hits += 1
            continue
        size = request["size"]
        if size > capacity:
            continue
        while used + size > capacity:
            used -= cache.popitem(last=False)[1]
        cache[key] = size
        used += size
    return hits


requests = load(sys.argv[1])
before = time.process_time()
hits = [lru(requests, int(capacity)) for capacity in sys.argv[2:]]
after = time.process_time()
print(json.dumps({"requests": len(requests), "hits": hits, "loop": after - before, "whole": after}))
