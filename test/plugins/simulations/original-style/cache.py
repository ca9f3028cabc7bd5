# A simulation in the style of the original trace replayer: Python 2, tabs and blanks mixed, plain lists and dictionaries.
import sys
from collections import OrderedDict

MB = 1024 * 1024L

class memory:
    def __init__(self, size):
        self.size = size
        self.free = size
        self.items = OrderedDict()
        self.full = False

    def hit(self, key):
        if not self.items.has_key(key):
            return False
        size = self.items.pop(key)
        self.items[key] = size
        return True

    def insert(self, key, size):
        gone = []
        while self.free < size:
            k, v = self.items.popitem(last=False)
            self.free += v
            self.full = True
            gone.append((k, v))
        self.items[key] = size
        self.free -= size
        return gone

class disk:
    def __init__(self, size):
	self.size = size
	self.used = 0
	self.table = {}
	self.queue = []
	self.full = False
	self.hits = 0
	self.misses = 0
	self.memory_hits = 0

    def touch(self, key):
        self.table[key][1] += 1
        self.queue.append(key)

    def insert(self, key, size):
        if size > self.size:
            return
        if self.table.has_key(key):
            self.touch(key)
            return
        while self.used + size > self.size:
            old = self.queue.pop(0)
            if old not in self.table:
                continue
            self.table[old][1] -= 1
            if self.table[old][1] <> 0:
                continue
            self.used -= self.table.pop(old)[0]
            self.full = True
        self.table[key] = [size, 1]
        self.queue.append(key)
        self.used += size

    def remove(self, key):
        self.used -= self.table.pop(key)[0]

def run(items, size):
    fast = memory(size)
    slow = [(n, disk(size * n)) for n in (10, 15, 20)]
    limit = min(100 * MB, size)
    hits = misses = since = 0
    tenth = 10
    for key, z in items:
        if since > len(items) / 10:
            print `tenth` + '% done'
            tenth += 10
            since = 0
        since += 1
        warm = fast.full
        if fast.hit(key):
            if warm: hits += 1
            for n, d in slow:
                if d.full: d.memory_hits += 1
            continue
        if warm: misses += 1
        for n, d in slow:
            ready = d.full
            found = d.table.has_key(key)
            if z >= limit:
                if found: d.touch(key)
                else: d.insert(key, z)
            elif found:
                d.remove(key)
            if ready:
                if found: d.hits += 1
                else: d.misses += 1
        if z < limit:
            for k, v in fast.insert(key, z):
                for n, d in slow: d.insert(k, v)
    for n, d in slow:
        print '0 %d lmu hits: %d' % (n, hits)
        print '0 %d lmu misses: %d' % (n, misses)
        print '0 %d h hits:' % n, d.hits + d.memory_hits
        print '0 %d h misses:' % n, d.misses

def init(data, args):
    try:
        size = int(args['cache_size'] * 1024 * MB)
    except KeyError, e:
        print >>sys.stderr, 'no', e
        raise
    print 'running cache simulation'
    items = []
    for r in data:
        uri = r['uri']
        if 'manifest' in uri: continue
        items.append((uri.split('/')[-1], r['size']))
    run(items, size)
