import type { Grammar } from "./architecture.ts";

/**
 * The arguments of the built-in layers in Keras 2.15 and Keras 3.15, besides `name`, `trainable`, `dtype` and `activity_regularizer`. An argument after
 * `2:` or `3:` is one of that Keras alone; a layer with `only:2` or `only:3` is one of that Keras. `kernel*` is short for `kernel_initializer`,
 * `kernel_regularizer` and `kernel_constraint`. A test compares this table with the signatures of both.
 */
const LAYERS: Readonly<Record<string, string>> = {
  AbstractRNNCell: "only:2 dynamic",
  Activation: "activation",
  ActivityRegularization: "l1 l2",
  AdaptiveAveragePooling1D: "only:3 output_size data_format",
  AdaptiveAveragePooling2D: "only:3 output_size data_format",
  AdaptiveAveragePooling3D: "only:3 output_size data_format",
  AdaptiveMaxPooling1D: "only:3 output_size data_format",
  AdaptiveMaxPooling2D: "only:3 output_size data_format",
  AdaptiveMaxPooling3D: "only:3 output_size data_format",
  Add: "",
  AdditiveAttention: "use_scale 3:dropout",
  AlphaDropout: "rate noise_shape seed",
  Attention: "use_scale score_mode 3:dropout 3:seed",
  AugMix: "only:3 value_range num_chains chain_depth factor alpha all_ops interpolation seed data_format",
  AutoContrast: "only:3 value_range",
  Average: "",
  AveragePooling1D: "pool_size strides padding data_format",
  AveragePooling2D: "pool_size strides padding data_format",
  AveragePooling3D: "pool_size strides padding data_format",
  BatchNormalization:
    "axis momentum epsilon center scale beta* gamma* moving_mean_initializer moving_variance_initializer synchronized 3:renorm 3:renorm_clipping 3:renorm_momentum",
  Bidirectional: "layer merge_mode weights backward_layer",
  CategoryEncoding: "num_tokens output_mode sparse",
  CenterCrop: "height width 3:data_format",
  Concatenate: "axis",
  ContrastLimitedAdaptiveHistogramEqualization: "only:3 value_range clip_limit tile_grid_size data_format",
  Conv1D: "filters kernel_size strides padding data_format dilation_rate groups activation use_bias kernel* bias*",
  Conv1DTranspose:
    "filters kernel_size strides padding output_padding data_format dilation_rate activation use_bias kernel* bias*",
  Conv2D: "filters kernel_size strides padding data_format dilation_rate groups activation use_bias kernel* bias*",
  Conv2DTranspose:
    "filters kernel_size strides padding output_padding data_format dilation_rate activation use_bias kernel* bias*",
  Conv3D: "filters kernel_size strides padding data_format dilation_rate groups activation use_bias kernel* bias*",
  Conv3DTranspose:
    "filters kernel_size strides padding output_padding data_format dilation_rate activation use_bias kernel* bias*",
  ConvLSTM1D:
    "filters kernel_size strides padding data_format dilation_rate activation recurrent_activation use_bias kernel* recurrent* bias* unit_forget_bias return_sequences return_state go_backwards stateful dropout recurrent_dropout 3:seed",
  ConvLSTM2D:
    "filters kernel_size strides padding data_format dilation_rate activation recurrent_activation use_bias kernel* recurrent* bias* unit_forget_bias return_sequences return_state go_backwards stateful dropout recurrent_dropout 3:seed",
  ConvLSTM3D:
    "filters kernel_size strides padding data_format dilation_rate activation recurrent_activation use_bias kernel* recurrent* bias* unit_forget_bias return_sequences return_state go_backwards stateful dropout recurrent_dropout 3:seed",
  Cropping1D: "cropping",
  Cropping2D: "cropping data_format",
  Cropping3D: "cropping data_format",
  CutMix: "only:3 factor seed data_format",
  Dense: "units activation use_bias kernel* bias* 3:lora_rank 3:lora_alpha 3:quantization_config",
  DenseFeatures: "only:2 feature_columns",
  DepthwiseConv1D:
    "kernel_size strides padding depth_multiplier data_format dilation_rate activation use_bias depthwise* bias*",
  DepthwiseConv2D:
    "kernel_size strides padding depth_multiplier data_format dilation_rate activation use_bias depthwise* bias*",
  Discretization: "bin_boundaries num_bins epsilon output_mode sparse",
  Dot: "axes normalize",
  Dropout: "rate noise_shape seed",
  ELU: "alpha",
  EinsumDense:
    "equation output_shape activation bias_axes kernel* bias* 3:lora_rank 3:lora_alpha 3:gptq_unpacked_column_size 3:quantization_config",
  Embedding:
    "input_dim output_dim embeddings* mask_zero 2:input_length 2:sparse 3:weights 3:lora_rank 3:lora_alpha 3:quantization_config",
  Equalization: "only:3 value_range bins data_format",
  Flatten: "data_format",
  FlaxLayer: "only:3 module method variables",
  GRU: "units activation recurrent_activation use_bias kernel* recurrent* bias* dropout recurrent_dropout return_sequences return_state go_backwards stateful unroll reset_after 2:time_major 3:seed 3:use_cudnn",
  GRUCell:
    "units activation recurrent_activation use_bias kernel* recurrent* bias* dropout recurrent_dropout reset_after 3:seed",
  GaussianDropout: "rate seed",
  GaussianNoise: "stddev seed",
  GlobalAveragePooling1D: "data_format 3:keepdims",
  GlobalAveragePooling2D: "data_format keepdims",
  GlobalAveragePooling3D: "data_format keepdims",
  GlobalMaxPooling1D: "data_format keepdims",
  GlobalMaxPooling2D: "data_format keepdims",
  GlobalMaxPooling3D: "data_format keepdims",
  GroupNormalization: "groups axis epsilon center scale beta* gamma*",
  GroupedQueryAttention:
    "only:3 head_dim num_query_heads num_key_value_heads dropout use_bias sliding_window flash_attention kernel* bias* use_gate seed",
  HashedCrossing: "num_bins output_mode sparse",
  Hashing: "num_bins mask_value salt output_mode sparse",
  Identity: "2:dynamic",
  InputLayer: "batch_size input_tensor sparse ragged 2:input_shape 2:type_spec 3:shape 3:batch_shape 3:optional",
  IntegerLookup:
    "max_tokens num_oov_indices mask_token oov_token vocabulary vocabulary_dtype idf_weights invert output_mode sparse pad_to_max_tokens 3:oov_method 3:salt",
  JaxLayer: "only:3 call_fn init_fn params state seed native_serialization_platforms",
  LSTM: "units activation recurrent_activation use_bias kernel* recurrent* bias* unit_forget_bias dropout recurrent_dropout return_sequences return_state go_backwards stateful unroll 2:time_major 3:seed 3:use_cudnn",
  LSTMCell:
    "units activation recurrent_activation use_bias kernel* recurrent* bias* unit_forget_bias dropout recurrent_dropout 3:seed",
  Lambda: "function output_shape mask arguments",
  LayerNormalization: "axis epsilon center scale beta* gamma*",
  LeakyReLU: "2:alpha 3:negative_slope",
  LocallyConnected1D:
    "only:2 filters kernel_size strides padding data_format activation use_bias kernel* bias* implementation",
  LocallyConnected2D:
    "only:2 filters kernel_size strides padding data_format activation use_bias kernel* bias* implementation",
  Masking: "mask_value",
  MaxNumBoundingBoxes: "only:3 max_number fill_value",
  MaxPooling1D: "pool_size strides padding data_format",
  MaxPooling2D: "pool_size strides padding data_format",
  MaxPooling3D: "pool_size strides padding data_format",
  Maximum: "",
  MelSpectrogram:
    "only:3 fft_length sequence_stride sequence_length window sampling_rate num_mel_bins min_freq max_freq power_to_db top_db mag_exp min_power ref_power",
  Minimum: "",
  MixUp: "only:3 alpha data_format seed",
  MultiHeadAttention:
    "num_heads key_dim value_dim dropout use_bias output_shape attention_axes kernel* bias* 3:sliding_window 3:flash_attention 3:use_gate 3:seed",
  Multiply: "",
  Normalization: "axis mean variance invert",
  PReLU: "alpha_initializer alpha_regularizer alpha_constraint shared_axes",
  Permute: "dims",
  Pipeline: "only:3 layers",
  RMSNormalization: "only:3 axis epsilon",
  RNN: "cell return_sequences return_state go_backwards stateful unroll 2:time_major 3:zero_output_for_mask",
  RandAugment: "only:3 value_range num_ops factor interpolation seed data_format",
  RandomBrightness: "factor value_range seed",
  RandomColorDegeneration: "only:3 factor value_range data_format seed",
  RandomColorJitter:
    "only:3 value_range brightness_factor contrast_factor saturation_factor hue_factor seed data_format",
  RandomContrast: "factor seed 3:value_range",
  RandomCrop: "height width seed 3:data_format",
  RandomElasticTransform: "only:3 factor scale interpolation fill_mode fill_value value_range seed data_format",
  RandomErasing: "only:3 factor scale fill_value value_range seed data_format",
  RandomFlip: "mode seed 3:data_format",
  RandomGaussianBlur: "only:3 factor kernel_size sigma value_range data_format seed",
  RandomGrayscale: "only:3 factor data_format seed",
  RandomHeight: "only:2 factor interpolation seed",
  RandomHue: "only:3 factor value_range data_format seed",
  RandomInvert: "only:3 factor value_range seed data_format",
  RandomPerspective: "only:3 factor scale interpolation fill_value seed data_format",
  RandomPosterization: "only:3 factor value_range data_format seed",
  RandomRotation: "factor fill_mode interpolation seed fill_value 3:data_format",
  RandomSaturation: "only:3 factor value_range data_format seed",
  RandomSharpness: "only:3 factor value_range data_format seed",
  RandomShear: "only:3 x_factor y_factor interpolation fill_mode fill_value data_format seed",
  RandomTranslation: "height_factor width_factor fill_mode interpolation seed fill_value 3:data_format",
  RandomWidth: "only:2 factor interpolation seed",
  RandomZoom: "height_factor width_factor fill_mode interpolation seed fill_value 3:data_format",
  ReLU: "max_value negative_slope threshold",
  RepeatVector: "n",
  Rescaling: "scale offset",
  Reshape: "target_shape",
  Resizing:
    "height width interpolation crop_to_aspect_ratio 3:pad_to_aspect_ratio 3:fill_mode 3:fill_value 3:antialias 3:data_format",
  ReversibleEmbedding: "only:3 input_dim output_dim tie_weights embeddings* mask_zero reverse_dtype logit_soft_cap",
  STFTSpectrogram:
    "only:3 mode frame_length frame_step fft_length window periodic scaling padding expand_dims data_format",
  SeparableConv1D:
    "filters kernel_size strides padding data_format dilation_rate depth_multiplier activation use_bias depthwise* pointwise* bias*",
  SeparableConv2D:
    "filters kernel_size strides padding data_format dilation_rate depth_multiplier activation use_bias depthwise* pointwise* bias*",
  SimpleRNN:
    "units activation use_bias kernel* recurrent* bias* dropout recurrent_dropout return_sequences return_state go_backwards stateful unroll 3:seed",
  SimpleRNNCell: "units activation use_bias kernel* recurrent* bias* dropout recurrent_dropout 3:seed",
  Softmax: "axis",
  Solarization: "only:3 addition_factor threshold_factor value_range seed",
  SpatialDropout1D: "rate 3:seed",
  SpatialDropout2D: "rate data_format 3:seed",
  SpatialDropout3D: "rate data_format 3:seed",
  SpectralNormalization: "layer power_iterations",
  StackedRNNCells: "cells",
  StringLookup:
    "max_tokens num_oov_indices mask_token oov_token vocabulary idf_weights encoding invert output_mode sparse pad_to_max_tokens 3:salt",
  Subtract: "",
  TFSMLayer: "only:3 filepath call_endpoint call_training_endpoint",
  TextVectorization:
    "max_tokens standardize split ngrams output_mode output_sequence_length pad_to_max_tokens vocabulary idf_weights sparse ragged encoding",
  ThresholdedReLU: "only:2 theta",
  TimeDistributed: "layer",
  TorchModuleWrapper: "only:3 module output_shape",
  UnitNormalization: "axis",
  UpSampling1D: "size",
  UpSampling2D: "size data_format interpolation",
  UpSampling3D: "size data_format",
  Wrapper: "layer",
  ZeroPadding1D: "padding 3:data_format",
  ZeroPadding2D: "padding data_format",
  ZeroPadding3D: "padding data_format",
};

/** What every layer takes. */
const EVERYWHERE = ["name", "trainable", "dtype", "activity_regularizer"];

/** The arguments of a built-in layer; `undefined` for a class that this Keras does not have. */
export function argumentsOf(className: string, grammar: Grammar): ReadonlySet<string> | undefined {
  const words = Object.hasOwn(LAYERS, className) ? LAYERS[className]?.split(" ") : undefined;
  const [mine, other] = grammar === "keras-3" ? ["3", "2"] : ["2", "3"];
  if (words === undefined || words[0] === `only:${other}`) return undefined;
  const names = new Set(EVERYWHERE);
  for (const word of words) {
    if (word === "" || word.startsWith("only:") || word.startsWith(`${other}:`)) continue;
    const name = word.startsWith(`${mine}:`) ? word.slice(2) : word;
    if (!name.endsWith("*")) names.add(name);
    else for (const part of ["initializer", "regularizer", "constraint"]) names.add(`${name.slice(0, -1)}_${part}`);
  }
  return names;
}

/** Whether any Keras from 2 on has a built-in layer of this name. */
export function isBuiltIn(className: string): boolean {
  return Object.hasOwn(LAYERS, className);
}

/** All names of built-in layers. */
export function builtInLayers(): readonly string[] {
  return Object.keys(LAYERS);
}
