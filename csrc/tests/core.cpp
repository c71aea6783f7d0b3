#include "core.hpp"

#include <thread>

#include "../plan.hpp"
#include "array.hpp"

namespace recollect::test {

namespace {

Layer sizes_of(const Problem& problem, Call call) {
  Layer layer;
  layer.kind = problem.kind->kind;
  layer.squash = problem.relu ? Squash::relu : Squash::tanh;
  layer.wide = call.wide;
  layer.reverse = problem.reverse;
  layer.threads = call.threads;
  layer.T = problem.size.T;
  layer.B = problem.size.B;
  layer.I = problem.size.I;
  layer.H = problem.size.H;
  layer.P = problem.size.P;
  layer.zone_c = problem.zone_c;
  layer.zone_h = problem.zone_h;
  layer.zone_mean = problem.zone_mean;
  layer.seed = problem.seed;
  return layer;
}

// The core's scratch memory belongs to the calling thread: on a new one it is new, and full of what malloc left there.
template <class Work>
void on_new_thread(Work&& work) {
  std::thread(work).join();
}

template <class T>
class Run {
  const Problem& problem_;
  const Call call_;
  Layer layer_;
  Outcome outcome_;

  // Read by both passes.
  const std::vector<int64_t> lengths_;
  const Array<T> x_, h0_, c0_, W_, R_, b_, E_, Q_, gaps_, mask_;
  // Written by the forward pass.
  const Array<T> y_, hT_, cT_, gates_, cells_, norms_, inner_;

  Place place(int64_t S, int64_t F) const { return Place::of(problem_.layout, problem_.size.T, problem_.size.B, S, F); }

 public:
  Run(const Problem& p, Call call)
      : problem_(p), call_(call), layer_(sizes_of(p, call)), lengths_(p.lengths), x_(p, p.size.I, p.inputs[kX]),
        h0_(p.inputs[kH0]), c0_(p.inputs[kC0]), W_(p.inputs[kW]), R_(p.inputs[kR]), b_(p.inputs[kB]), E_(p.inputs[kE]),
        Q_(p.inputs[kQ]), gaps_(p, 1, p.gaps), mask_(p.mask), y_(place(1, p.outputs())), hT_(p.inputs[kH0].size()),
        cT_(p.inputs[kC0].size()), gates_(place(call.training ? p.kind->saved : 0, p.size.H)),
        cells_(place(call.training && p.kind->has_c, p.size.H)), norms_(place(call.training && p.kind->norms, 2)),
        inner_(place(call.training && p.size.P, p.size.H)) {}

  Outcome all() {
    forward();
    if (call_.training) backward();
    return outcome_;
  }

 private:
  void forward() {
    if (!lengths_.empty()) layer_.lengths = reinterpret_cast<Address>(lengths_.data());
    layer_.x = x_.sequence();
    layer_.h0 = h0_.address();
    layer_.c0 = c0_.address();
    layer_.W = W_.address();
    layer_.R = R_.address();
    layer_.b = b_.address();
    layer_.E = E_.address();
    layer_.Q = Q_.address();
    layer_.gaps = gaps_.sequence();
    layer_.h_mask = mask_.address();
    layer_.y = y_.sequence();
    layer_.hT = hT_.address();
    layer_.cT = cT_.address();
    layer_.gates = gates_.sequence();
    layer_.gate = gates_.group();
    layer_.cells = cells_.sequence();
    layer_.norms = norms_.sequence();
    layer_.inner = inner_.sequence();
    on_new_thread([this] { recollect::forward(layer_); });
    collect({{"y", &y_}, {"hT", &hT_}, {"cT", &cT_}, {"gates", &gates_}, {"cells", &cells_}, {"norms", &norms_},
             {"inner", &inner_}});
  }

  void backward() {
    const Problem& p = problem_;
    const Array<T> dy(p, p.outputs(), p.dy), dhT(p.dhT), dcT(p.dcT);
    const auto same = [&](Input input) { return p.inputs[input].size(); };
    const Array<T> dx(place(p.wants_dx, p.size.I)), dh0(same(kH0)), dc0(same(kC0)), dW(same(kW)), dR(same(kR)), db(same(kB)),
        dE(same(kE)), dQ(same(kQ));
    layer_.dy = dy.sequence();
    layer_.dhT = dhT.address();
    layer_.dcT = dcT.address();
    layer_.dx = dx.sequence();
    layer_.dh0 = dh0.address();
    layer_.dc0 = dc0.address();
    layer_.dW = dW.address();
    layer_.dR = dR.address();
    layer_.db = db.address();
    layer_.dE = dE.address();
    layer_.dQ = dQ.address();
    on_new_thread([this] { recollect::backward(layer_); });
    collect({{"dx", &dx}, {"dh0", &dh0}, {"dc0", &dc0}, {"dW", &dW}, {"dR", &dR}, {"db", &db}, {"dE", &dE}, {"dQ", &dQ}});
  }

  void collect(const std::map<std::string, const Array<T>*>& arrays) {
    for (const auto& [name, array] : arrays) {
      outcome_.arrays[name] = array->dense();
      if (array->spilled()) outcome_.spilled += " " + name;
    }
  }
};

}  // namespace

Outcome run_core(const Problem& problem, Call call) {
  return call.wide ? Run<double>(problem, call).all() : Run<float>(problem, call).all();
}

Sharing sharing(const Problem& problem, int threads) {
  Layer layer = sizes_of(problem, {.wide = false, .threads = threads, .training = true});
  layer.lengths = problem.lengths.empty() ? 0 : reinterpret_cast<Address>(problem.lengths.data());
  const Planned planned(layer, 1);
  return {planned.plan().threads, planned.plan().by_units};
}

}  // namespace recollect::test
