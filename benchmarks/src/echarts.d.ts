/** What is used here of ECharts. Its own types do not hold under `exactOptionalPropertyTypes`, and its bundle has none. */
declare module "echarts/dist/echarts.esm.min.mjs" {
  export interface Chart {
    setOption(option: object): void;
    renderToSVGString(): string;
    dispose(): void;
  }
  export function init(
    element: null,
    theme: null,
    options: { readonly renderer: "svg"; readonly ssr: true; readonly width: number; readonly height: number },
  ): Chart;
}
