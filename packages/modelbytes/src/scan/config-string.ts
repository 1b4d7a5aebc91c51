import type { PyDict } from "@modelbytes/keras-config";
import { ADVICE } from "./advice.ts";
import type { FindingParts } from "./finding.ts";

/** Functions of Keras that are no part of a model, and that Keras 3.11 and later refuse to find for a config. */
const NOT_MODELLING: ReadonlySet<string> = new Set([
  "audio_dataset_from_directory",
  "clear_session",
  "deserialize_keras_object",
  "get_file",
  "image_dataset_from_directory",
  "load_img",
  "load_model",
  "load_weights",
  "model_from_json",
  "register_keras_serializable",
  "save_img",
  "save_model",
  "save_weights",
  "serialize_keras_object",
  "text_dataset_from_directory",
]);
const UNSAFE_SWITCH = "enable_unsafe_deserialization";
const OF_KERAS = /^(?:tensorflow\.)?(?:tf_)?keras\./;
const UPWARDS = /(?:^|[/\\])\.\.(?:[/\\]|$)|^[/\\]|^[A-Za-z]:[/\\]/;

/** What a string of a config makes Keras do, given the key and the dict that it stands in; a list has neither. */
export function dangerOfString(
  value: string,
  key: string | undefined,
  dict: PyDict | undefined,
): FindingParts | undefined {
  const name = value.slice(value.lastIndexOf(".") + 1);
  if (name === UNSAFE_SWITCH) {
    return { severity: "critical", what: name, reason: "turns Keras's safe mode off", advice: ADVICE.unsafeSwitch };
  }
  if (NOT_MODELLING.has(name) && (OF_KERAS.test(value) || namesAnObject(key, dict))) {
    const reason = "is no part of a model: it reads or writes files, or loads other models";
    return { severity: "critical", what: name, reason, advice: ADVICE.notModelling };
  }
  if (key === "vocabulary") {
    const reason = `is read from ${JSON.stringify(value)}, a file or an address`;
    return { severity: "high", what: "vocabulary", reason, advice: ADVICE.vocabulary };
  }
  if (key === "name" && leadsUpwards(value)) {
    const reason = "leads out of the folder of its assets";
    return { severity: "high", what: value, reason, advice: ADVICE.assetPath };
  }
  return undefined;
}

/** Whether a name that is taken for a path leads out of its folder. */
export function leadsUpwards(name: string): boolean {
  return UPWARDS.test(name);
}

/** Whether a string stands where Keras looks for what it names. */
function namesAnObject(key: string | undefined, dict: PyDict | undefined): boolean {
  if (key === "class_name" || key === "registered_name") return true;
  return key === "config" && dict?.get("class_name") === "function";
}
