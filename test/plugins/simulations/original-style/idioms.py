# What Python 2 writes otherwise than Python 3, and what means something else in it: both interpreters must print the same.
import sys, Queue, itertools
from cStringIO import StringIO

MODE = 0755 + 10L

class table:
    def __init__(self):
        self.parts = {'half': 9}
        self.count = 7

    def halve(self):
        self.parts['half'] /= 2
        self.count /= 2
        return self.parts['half'], self.count

def unlike(a, b):
	if a <> b:
	    return `a` + ur'\d'
        return None

def init(data, args):
    print 'requests', len(data), "%d%%" % 5
    print ("a", 1)
    print
    print "a long %s" % \
        "line", MODE
    print """two
lines""", unlike(1, 2)
    print (1 + 2) * 3
    try:
        raise ValueError, "bad"
    except (ValueError, KeyError), e:
        print e; print type(e).__name__
    try: raise KeyError
    except KeyError: print 'no key'
    for i in xrange(3): print i,
    print
    counts = {}
    for r in data: counts[r['size']] = counts.get(r['size'], 0) + 1
    for k, v in sorted(counts.iteritems(), key=lambda (size, n): (-n, size))[:3]: print k, v
    keys = counts.keys()
    keys.sort(lambda a, b: cmp(b, a))
    print keys[:3], counts.has_key(7), counts.has_key(-1)
    print 7 / 2, 7 / 2.0, -7 / 2, 7 // 2, table().halve()
    print map(lambda x: x + 1, range(3)), filter(None, [0, 1]), zip([1], [2]), round(2.5), reduce(lambda a, b: a + b, [1, 2])
    space = {}
    exec "y = 1 + 1" in space
    print space['y'], list(itertools.izip([1], [2])), sys.maxint > 0
    rows = iter([1, 2])
    print rows.next(), isinstance(3, (int, long)), isinstance('x', basestring), args['cache_size']
    out = StringIO()
    print >>out, 'into', 'a file'
    print out.getvalue().strip() # a comment; with a semicolon
    print sorted([3, 1, 2], cmp=lambda a, b: b - a), dict(a=1).items(), {1: 2}.values()[0]
    if len(data) > 3: print 'many'
    else: print 'few'
    print(
        'across',
        'lines')
