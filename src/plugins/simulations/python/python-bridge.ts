// The other end of the pipe, as Python that runs in the child: 2.7, and 3.8 or newer.
//
//   fd 3   {"path": …, "args": …}\n   [[delay, uri, size, method, duration, client], …]\n …   end\n
//   exit   0, or one of the codes below, whose reason is on standard error

/** Runs the plug-in; under Python 3 it needs `_compiled`, `_names` and `_install`. */
export const pythonBridge: string = String.raw`import json, os, signal, sys, traceback, types, warnings

RAISED, NOT_COMPILED, NO_INIT, TOO_OLD, CUT_OFF = 81, 82, 83, 84, 85
_old = sys.version_info[0] == 2


def _say(text):
    sys.stderr.write(text + '\n')


def _end(code):
    sys.stdout.flush()
    sys.stderr.flush()
    sys.exit(code)


def _native(value):
    """Texts as Python 2 knew them: a YAML file gave byte strings."""
    if isinstance(value, dict):
        return dict((_native(key), _native(item)) for key, item in value.items())
    if isinstance(value, list):
        return [_native(item) for item in value]
    if _old and not isinstance(value, (str, int, float, bool, type(None))):
        try:
            return value.encode('ascii')
        except (AttributeError, UnicodeError):
            return value
    return value


def _load(path):
    with open(path, 'rb') as source:
        raw = source.read()
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        if _old:
            return compile(raw, path, 'exec', 0, True), None
        return _compiled(raw, path)


def _requests(stream):
    requests = []
    while True:
        line = stream.readline()
        if line == b'end\n':
            return requests
        if line[-1:] != b'\n':
            _end(CUT_OFF)
        for delay, uri, size, method, duration, client in json.loads(line.decode('utf-8')):
            requests.append({
                'delay': float(delay), 'uri': uri, 'size': size,
                'method': method, 'duration': float(duration), 'client': client,
            })


def _raised(path):
    kind, value, trace = sys.exc_info()
    while trace is not None and trace.tb_frame.f_code.co_filename != path:
        trace = trace.tb_next
    sys.stdout.flush()
    _say('Error running plugin init!')
    traceback.print_exception(kind, value, trace)
    _end(RAISED)


def _run(module, code, path, stream, given):
    try:
        exec(code, module.__dict__)
        init = getattr(module, 'init', None)
        if not callable(init):
            _say('%s has no function init: it is what drayage calls, with the list of requests' % path)
            _end(NO_INIT)
        requests = _requests(stream)
        stream.close()
        init(requests, *given)
    except SystemExit as ending:
        if ending.code in (NO_INIT, CUT_OFF):
            raise
        if ending.code not in (None, 0):
            _raised(path)
    except BaseException:
        _raised(path)
    _end(0)


def _main():
    # Ctrl-C reaches the whole group of processes, and drayage decides what becomes of this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    version = sys.version_info[:2]
    if version != (2, 7) and version < (3, 8):
        _say('Python %d.%d is too old for plug-ins: name Python 3.8 or newer, or 2.7, with DRAYAGE_PYTHON' % version)
        _end(TOO_OLD)
    stream = os.fdopen(3, 'rb', 1 << 20)
    header = json.loads(stream.readline().decode('utf-8'))
    path = _native(header['path'])
    folder, name = os.path.split(path)
    sys.argv, sys.path[:1] = [path], [folder]
    try:
        code, why = _load(path)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, 'lineno', None) or 1
        _say('%s:%d: %s' % (path, line, getattr(error, 'msg', error)))
        _end(NOT_COMPILED)
    module = types.ModuleType(str(os.path.splitext(name)[0]))
    module.__file__ = path
    sys.modules[module.__name__] = module
    if why is not None:
        _say('%s is Python 2 (%s): converted in memory, the file stays as it is' % (name, why))
        module.__dict__.update(_names())
    if not _old:
        _install(folder)
    _run(module, code, path, stream, [_native(header['args'])] if 'args' in header else [])


_main()
`;
