/** Types that many modules share. Those of one subject are in its module: Gallery, View, Projection, Panel. */

/** Channels, height, width. */
export type ImageShape = [number, number, number];

/** The numbers between encoder and decoder, or others of a fixed length. */
export type Numbers = ArrayLike<number>;

/** A place on a plane, or a pixel of an element: x, y. */
export type Point = [number, number];

/** The argument of the default export of a component's module, which Streamlit calls on every rerun. */
export interface Component<Data> {
  data: Data;
  parentElement: HTMLElement;
  setStateValue: (name: string, value: unknown) => void;
  setTriggerValue: (name: string, value: unknown) => void;
}

type Listeners = {
  [Name in keyof HTMLElementEventMap as `on${Name}`]?: ((event: HTMLElementEventMap[Name]) => unknown) | null;
};

/** The attributes argument of `h`: listeners such as `onclick`, and attributes by their names. */
export interface Attributes extends Listeners {
  [name: string]: AttributeValue | ((event: never) => unknown);
}

/** `true` sets an empty attribute; null and false set none. */
export type AttributeValue = string | number | boolean | null | undefined;

export type Child = Node | string | null;

/** The part of Plotly that is used here. */
/** An element that Plotly has drawn into. */
export interface Plotted extends HTMLElement {
  data: object[];
  layout: { height: number; margin: { t: number }; font: object };
  on(event: 'plotly_click', listener: (event: { points: { customdata?: unknown }[] }) => void): void;
  removeAllListeners(event: 'plotly_click'): void;
}

export interface Plotly {
  newPlot(element: HTMLElement, traces: object[], layout: object, config: object): Promise<unknown>;
  react(element: HTMLElement, traces: object[], layout: object, config: object): Promise<unknown>;
  update(element: HTMLElement, traces: object, layout: object): Promise<unknown>;
  relayout(element: HTMLElement, layout: object): Promise<unknown>;
  downloadImage(figure: { data: object[]; layout: object }, options: object): Promise<string>;
  purge(element: HTMLElement): void;
}
