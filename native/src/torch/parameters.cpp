#include "torch/parameters.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/mm.h>

namespace px::torch_backend {
namespace {

at::Tensor view_of(float* data, at::IntArrayRef shape) {
  return at::from_blob(data, shape, at::TensorOptions().dtype(at::kFloat));
}

}  // namespace

at::Tensor project(const Linear& linear, const at::Tensor& x) {
  return linear.bias.defined() ? at::addmm(linear.bias, x, linear.weight.t()) : at::mm(x, linear.weight.t());
}

at::Tensor add_projected(const at::Tensor& x, const Linear& linear, const at::Tensor& input) {
  const at::Tensor sum = at::addmm(x, input, linear.weight.t());
  return linear.bias.defined() ? sum + linear.bias : sum;
}

at::Tensor project(const std::vector<Linear>& linears, const at::Tensor& x) {
  if (linears.size() == 1) return project(linears[0], x);
  std::vector<at::Tensor> outputs;
  for (const Linear& linear : linears) outputs.push_back(project(linear, x));
  return at::cat(outputs, 1);
}

Parameters::Parameters(const Model& model, bool requires_gradient)
    : arena_(model.weights().data()), requires_gradient_(requires_gradient) {
  const Descriptor& d = model.descriptor();
  const TrunkOffsets& o = model.weights().offsets();
  const int64_t query = d.heads * d.head_size;
  const int64_t key = d.kv_heads * d.head_size;
  embedding_ = leaf(o.embedding, {d.vocabulary, d.hidden});
  for (const LayerOffsets& l : o.layers) {
    LayerParameters& layer = layers_.emplace_back();
    layer.input_norm = leaf(l.input_norm, {d.hidden});
    layer.query_key_value = side_by_side(
        {{l.query, l.query_bias, query}, {l.key, l.key_bias, key}, {l.value, l.value_bias, key}}, d.hidden);
    layer.output = linear({l.output, l.output_bias, d.hidden}, query);
    layer.post_norm = leaf(l.post_norm, {d.hidden});
    layer.gate_up = side_by_side({{l.gate, l.gate_bias, d.intermediate}, {l.up, l.up_bias, d.intermediate}}, d.hidden);
    layer.down = linear({l.down, l.down_bias, d.hidden}, d.intermediate);
  }
  final_norm_ = leaf(o.final_norm, {d.hidden});

  if (model.head() == PX_HEAD_LM) {
    head_ = view_of(arena_ + o.lm_head, {d.vocabulary, d.hidden});
    head_offset_ = o.lm_head;
  } else {
    head_ = view_of(model.head_range().data(), {1, d.hidden});
    head_offset_ = model.weights().trunk_elements();
  }
}

at::Tensor Parameters::leaf(int64_t offset, at::IntArrayRef shape) {
  at::Tensor tensor = view_of(arena_ + offset, shape);
  tensor.set_requires_grad(requires_gradient_);
  leaves_.push_back({tensor, offset});
  return tensor;
}

Linear Parameters::linear(const Place& place, int64_t in) {
  Linear linear;
  linear.weight = leaf(place.weight, {place.out, in});
  if (place.bias >= 0) linear.bias = leaf(place.bias, {place.out});
  return linear;
}

std::vector<Linear> Parameters::side_by_side(const std::vector<Place>& places, int64_t in) {
  bool adjacent = true;
  int64_t end = places[0].weight;
  int64_t outs = 0;
  for (const Place& place : places) {
    adjacent = adjacent && place.weight == end && place.bias < 0;
    end = place.weight + place.out * in;
    outs += place.out;
  }
  if (adjacent) return {linear({places[0].weight, -1, outs}, in)};
  std::vector<Linear> linears;
  for (const Place& place : places) linears.push_back(linear(place, in));
  return linears;
}

}  // namespace px::torch_backend
