/**
 * Words that the columns EVENT and RESULT are made of in every Nova database. An instance called `build` must not make
 * each of its rows a leak.
 */
export const eventWords: ReadonlySet<string> = new Set(
  `None Success Error CREATE UPDATE DELETE ENABLE DISABLE
  compute conductor nova action instance instances server task finish start stop reboot rebuild build terminate
  delete restore soft shelve shelved unshelve offload pause unpause suspend resume resize confirm revert migrate
  migration live evacuate rescue unrescue backup snapshot image attach attached detach volume interface password
  admin admins swap lock unlock destroy power prep cold post pre check can destination source rollback abort force
  complete schedule select destinations cells cell live_migrate host network networks allocate deallocate bind
  port ports trigger crash dump lifecycle cleanup reset state metadata inject tags with from after before into
  console reserve block device name extend remove fixed and run do and at the for`.split(/\s+/),
);
