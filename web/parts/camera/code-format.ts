/** The kinds of code that pages look for in a camera's picture. */
export type CodeFormat = 'QRCode' | 'Code128';
