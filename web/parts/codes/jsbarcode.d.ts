/** The part of JsBarcode that turns digits into bars; its own types speak of the whole only. */
declare module 'jsbarcode/bin/barcodes/CODE128/index.js' {
  /** Set C: two digits a symbol. */
  export class CODE128C {
    constructor(digits: string, options: Readonly<Record<string, never>>);
    valid(): boolean;
    /** `data`: a module a character, `1` for ink. */
    encode(): { data: string };
  }
}
