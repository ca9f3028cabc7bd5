export type SessionRow = {
  readonly id: string;
  readonly client: string;
  readonly controls: Readonly<Record<string, string | number | null>>;
  readonly streams: number;
  readonly age_seconds: number;
};

export type SessionDescription = SessionRow & {
  readonly filter: readonly string[];
  readonly stats: Readonly<Record<string, unknown>>;
};

export type ControlValue = string | number | null;

/** What `drayage session` asks of a session host, over whatever it is reached. */
export interface SessionApi {
  create(args: Readonly<Record<string, unknown>>): Promise<string>;
  list(): Promise<readonly SessionRow[]>;
  describe(id: string): Promise<SessionDescription>;
  read(id: string, control: string): Promise<ControlValue>;
  /** Gives what the control shows once the write has taken effect. */
  write(id: string, written: { control: string; value: string }): Promise<ControlValue>;
  remove(id: string): Promise<void>;
  /** Items of the stream, a line of JSON each, until it ends or `signal` ends it. */
  attach(
    id: string,
    how: { filter: readonly string[]; signal: AbortSignal },
  ): AsyncGenerator<string>;
}
