# A simulation in the style of the original trace replayer: Python 2; prefetches what was pushed to a repository.
def init(data, args):
    names = {}
    kept = {}
    hits = total = most = 0
    for r in data:
        name = '/'.join(r['uri'].split('/')[1:3])
        if r['method'] == 'PUT':
            names.setdefault(name, []).append([r['delay'], [r['client']], r['size']])
        elif 'manifest' in r['uri']:
            for entry in names.get(name, []):
                if r['client'] in entry[1]: continue
                entry[1].append(r['client'])
                entries = kept.setdefault(name, {})
                if not entries.has_key(entry[2]):
                    entries[entry[2]] = 0
                    total += entry[2]
                    most = max(most, total)
        else:
            for size, n in kept.get(name, {}).items():
                if abs(size - r['size']) < 1000:
                    kept[name][size] += 1
                    hits += 1
    entries = [n for each in kept.itervalues() for n in each.itervalues()]
    good = len(filter(None, entries))
    bad = len(entries) - good
    ratio = 1. * hits / (good + bad)
    with open(args['outfile'], 'w') as out:
        for _ in xrange(16):
            print >>out, '%s,%d' % (ratio, most)
