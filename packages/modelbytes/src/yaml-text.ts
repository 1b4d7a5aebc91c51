// A file of its own, so that the parser of YAML, which is large, is loaded for YAML alone.
export { parseYaml } from "@modelbytes/keras-config";
