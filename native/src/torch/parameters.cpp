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
  return linear.bias.defined() ? at::addmm(linear.bias, x, linear.matrix()) : at::mm(x, linear.matrix());
}

at::Tensor add_projected(const at::Tensor& x, const Linear& linear, const at::Tensor& input) {
  const at::Tensor sum = at::addmm(x, input, linear.matrix());
  return linear.bias.defined() ? sum + linear.bias : sum;
}

at::Tensor project(const std::vector<Linear>& linears, const at::Tensor& x) {
  if (linears.size() == 1) return project(linears[0], x);
  std::vector<at::Tensor> outputs;
  for (const Linear& linear : linears) outputs.push_back(project(linear, x));
  return at::cat(outputs, 1);
}

Parameters::Parameters(const Model& model, bool requires_gradient)
    : descriptor_(model.descriptor()), arena_(model.weights().data()), requires_gradient_(requires_gradient) {
  const Descriptor& d = descriptor_;
  const TrunkOffsets& o = model.weights().offsets();
  embedding_ = leaf(o.embedding, {d.vocabulary, d.hidden});
  if (o.position_embedding >= 0) position_embedding_ = leaf(o.position_embedding, {d.context, d.hidden});
  for (const LayerOffsets& l : o.layers) {
    LayerParameters& layer = layers_.emplace_back();
    layer.input_norm = norm(l.input_norm, l.input_norm_bias, d.hidden);
    layer.query_key_value = query_key_value(l);
    if (l.query_norm >= 0) layer.query_norm = leaf(l.query_norm, {d.head_size});
    if (l.key_norm >= 0) layer.key_norm = leaf(l.key_norm, {d.head_size});
    layer.output = linear({l.output, l.output_bias, d.hidden}, d.heads * d.head_size);
    layer.post_norm = norm(l.post_norm, l.post_norm_bias, d.hidden);
    layer.gate_up = gate_up(l);
    layer.down = linear({l.down, l.down_bias, d.hidden}, d.intermediate);
  }
  final_norm_ = norm(o.final_norm, o.final_norm_bias, d.hidden);

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

Norm Parameters::norm(int64_t weight, int64_t bias, int64_t size) {
  Norm norm;
  norm.weight = leaf(weight, {size});
  if (bias >= 0) norm.bias = leaf(bias, {size});
  return norm;
}

Linear Parameters::linear(const Place& place, int64_t in) {
  Linear linear;
  linear.transposed = descriptor_.transposed;
  linear.weight = linear.transposed ? leaf(place.weight, {in, place.out}) : leaf(place.weight, {place.out, in});
  if (place.bias >= 0) linear.bias = leaf(place.bias, {place.out});
  return linear;
}

std::vector<Linear> Parameters::query_key_value(const LayerOffsets& l) {
  const Descriptor& d = descriptor_;
  const int64_t query = d.heads * d.head_size;
  const int64_t key = d.kv_heads * d.head_size;
  if (l.query_key_value >= 0) return {linear({l.query_key_value, l.query_key_value_bias, query + 2 * key}, d.hidden)};
  return side_by_side({{l.query, l.query_bias, query}, {l.key, l.key_bias, key}, {l.value, l.value_bias, key}},
                      d.hidden);
}

std::vector<Linear> Parameters::gate_up(const LayerOffsets& l) {
  const Descriptor& d = descriptor_;
  if (d.feed_forward == FeedForward::kGelu) return {linear({l.up, l.up_bias, d.intermediate}, d.hidden)};
  return side_by_side({{l.gate, l.gate_bias, d.intermediate}, {l.up, l.up_bias, d.intermediate}}, d.hidden);
}

std::vector<Linear> Parameters::side_by_side(const std::vector<Place>& places, int64_t in) {
  bool adjacent = !descriptor_.transposed;
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
