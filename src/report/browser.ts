// The few parts of a browser that the page's script uses, as types. The compiler's own library for browsers is left out: it
// would be there for the whole project, and half of it means something else under Node.

type KeyEvent = { readonly key: string; preventDefault(): void };

export interface PageElement {
  textContent: string | null;
  innerHTML: string;
  tabIndex: number;
  value: string;
  className: string;
  readonly open?: boolean;
  readonly clientWidth: number;
  setAttribute(name: string, value: string): void;
  append(...children: PageElement[]): void;
  click(): void;
  querySelectorAll(selector: string): Iterable<PageElement>;
  addEventListener(type: string, listener: (event: KeyEvent) => void): void;
}

export interface Browser {
  readonly document: {
    readonly documentElement: PageElement;
    getElementById(id: string): PageElement | null;
    createElement(tag: string): PageElement;
  };
  readonly uPlot: {
    /** Options as uPlot documents them; data = places, then one array per line. */
    new (options: object, data: readonly (readonly (number | null)[])[], in_: PageElement): Plot;
  };
  getComputedStyle(element: PageElement): { getPropertyValue(name: string): string };
  matchMedia(query: string): { addEventListener(type: "change", listener: () => void): void };
  addEventListener(type: "resize" | "beforeprint" | "afterprint", listener: () => void): void;
  /** Hands a file to whoever reads the page. */
  save(name: string, type: string, text: string): void;
}

export interface Plot {
  destroy(): void;
  setCursor(at: { readonly left: number; readonly top: number }): void;
  /** Pixels of a value; of the canvas itself if asked. */
  valToPos(value: number, scale: "x" | "y", onCanvas?: boolean): number;
  readonly width: number;
  readonly ctx: {
    fillStyle: string;
    globalAlpha: number;
    fillRect(x: number, y: number, width: number, height: number): void;
    save(): void;
    restore(): void;
    beginPath(): void;
    rect(x: number, y: number, width: number, height: number): void;
    clip(): void;
  };
  readonly bbox: {
    readonly left: number;
    readonly top: number;
    readonly width: number;
    readonly height: number;
  };
}
