// sigmoid and tanh of whole vectors, without tables or branches.
//
// Both stand on the same reduction (Cody & Waite 1980, "Software manual for the elementary functions", chapter 6):
//   x = n ln 2 + r,  n whole,  |r| <= ln(2) / 2,     exp(x) = 2^n (1 + p),  expm1(x) = 2^n p + (2^n - 1),  p = expm1(r)
// where n ln 2 is subtracted in two parts, the first of them exact. p is r + r^2 q(r); q interpolates (expm1(r) - r) / r^2 at
// Chebyshev nodes on [-ln(2)/2, ln(2)/2], computed with 40 digits: degree 4 for float32, relative error of p 2.5e-8;
// degree 10 for float64, 5.5e-19.
//
// Largest errors in units of the last place: float32 over all arguments, float64 over 17 million of them, by AVX-512; the
// other instruction sets over every 97th and every 7th: never more (accuracy.hpp, tests/kernels/test_math.py).
//   exp, x <= 0   1.08 at -71.0    0.94 at -210         sigmoid   2.45 at -16.6    2.15 at -36.8
//   tanh          2.83 at 8.1      2.76 at 18.2
// exp and sigmoid do not come below 1.6e-38 (float32), 3e-308 (float64): there they are that instead of less.
#pragma once

#include "simd.hpp"
#include "unrolled.hpp"

namespace recollect::RECOLLECT_ISA {

template <class T>
struct Reduction;

template <>
struct Reduction<float> {
  static constexpr int mantissa = 23;
  static constexpr float whole = 12582912.0F;  // 1.5 * 2^23: adding it rounds to a whole number, held in the low bits
  static constexpr int32_t one = 0x3f800000;   // the bits of 1
  static constexpr float inverse = 1.44269504088896341F, high = 0.69287109375F, low = 0.000276086809945F;
  static constexpr float q[] = {0.5F, 0.1666657667F, 0.04166655421F, 0.008363232884F, 0.001392625083F};
  static constexpr float overflow = 87.0F;  // exp of it, and the inverse of that, are ordinary numbers
  static constexpr float flat = 20.0F;      // expm1(x) / (expm1(x) + 2) is 1 to the last bit from here
};

template <>
struct Reduction<double> {
  static constexpr int mantissa = 52;
  static constexpr double whole = 6755399441055744.0;  // 1.5 * 2^52
  static constexpr int64_t one = 0x3ff0000000000000;
  static constexpr double inverse = 1.44269504088896341, high = 0.69314718055920820916,
                          low = 7.3710025651677989018e-13;
  static constexpr double q[] = {0.5,
                                 0.16666666666666671,
                                 0.0416666666666666698,
                                 0.00833333333332608312,
                                 0.00138888888888837112,
                                 0.000198412698750022788,
                                 0.0000248015873256774619,
                                 2.75572551700008874e-6,
                                 2.75572734787185805e-7,
                                 2.51053127296221018e-8,
                                 2.09147553258932022e-9};
  static constexpr double overflow = 708.0, flat = 40.0;
};

template <class T>
struct Reduced {
  Vec<T> scale, p;  // 2^n and expm1(r)
};

// Of `count` arguments at once, each step of all of them before the next: what comes after a step has to wait for it, and
// a processor that finds something else to do in the meantime need not look far. |x| up to `overflow`; NaN gives NaN.
template <class T, int count>
RECOLLECT_INLINE void reduce(const Vec<T>* x, Reduced<T>* out) {
  using R = Reduction<T>;
  typedef Bits<T> Whole __attribute__((vector_size(kBytes)));
  constexpr int terms = sizeof R::q / sizeof R::q[0];
  Vec<T> shifted[count], n[count], r[count], q[count];
  unrolled<count>([&](auto k) { shifted[k] = x[k] * R::inverse + R::whole; });
  unrolled<count>([&](auto k) { n[k] = shifted[k] - R::whole; });
  unrolled<count>([&](auto k) { r[k] = x[k] - n[k] * R::high; });
  unrolled<count>([&](auto k) { r[k] = r[k] - n[k] * R::low; });
  unrolled<count>([&](auto k) { q[k] = splat(R::q[terms - 1]); });
  unrolled<terms - 1>([&](auto term) { unrolled<count>([&](auto k) { q[k] = q[k] * r[k] + R::q[terms - 2 - term]; }); });
  unrolled<count>([&](auto k) {
    const Whole bits = ((Whole)shifted[k] << R::mantissa) + R::one;
    out[k] = {(Vec<T>)bits, r[k] * r[k] * q[k] + r[k]};
  });
}

template <class T>
RECOLLECT_INLINE Vec<T> clamp(Vec<T> x, T least, T most) {  // NaN stays
  return larger<T>(splat(least), smaller<T>(splat(most), x));
}

// What makes a gate of a sum: an argument for the reduction, and the value from what that gives. Of a function that needs
// no reduction, the compiler leaves it out.
//
// 1 / (1 + exp(-x))
template <class T>
struct Sigmoid {
  RECOLLECT_INLINE static Vec<T> argument(Vec<T> x) { return clamp<T>(-x, -Reduction<T>::flat, Reduction<T>::overflow); }
  RECOLLECT_INLINE static Vec<T> value(Reduced<T> e, Vec<T>) { return T{1} / (e.scale * e.p + (e.scale + T{1})); }
};

// expm1(2x) / (expm1(2x) + 2); the slope is taken from the value that came out.
template <class T>
struct Tanh {
  RECOLLECT_INLINE static Vec<T> argument(Vec<T> x) { return clamp<T>(x + x, -Reduction<T>::flat, Reduction<T>::flat); }
  // Neither difference nor sum of a power of two and 1 is rounded where it matters.
  RECOLLECT_INLINE static Vec<T> value(Reduced<T> e, Vec<T>) {
    return (e.scale * e.p + (e.scale - T{1})) / (e.scale * e.p + (e.scale + T{1}));
  }
  RECOLLECT_INLINE static Vec<T> slope(Vec<T> value) { return T{1} - value * value; }
};

template <class T>
struct Relu {
  RECOLLECT_INLINE static Vec<T> argument(Vec<T> x) { return x; }
  RECOLLECT_INLINE static Vec<T> value(Reduced<T>, Vec<T> x) { return x < T{0} ? Vec<T>{} : x; }  // NaN stays NaN
  RECOLLECT_INLINE static Vec<T> slope(Vec<T> value) { return value > T{0} ? splat(T{1}) : Vec<T>{}; }
};

// y[n] = the n-th function of x[n].
template <class T, template <class> class... Function>
RECOLLECT_INLINE void values(const Vec<T>* x, Vec<T>* y) {
  constexpr int count = sizeof...(Function);
  Vec<T> arguments[count];
  Reduced<T> reduced[count];
  int in = 0, out = 0;
  ((arguments[in] = Function<T>::argument(x[in]), ++in), ...);
  reduce<T, count>(arguments, reduced);
  ((y[out] = Function<T>::value(reduced[out], x[out]), ++out), ...);
}

// The function of one vector.
template <class T, template <class> class Function>
RECOLLECT_INLINE Vec<T> value(Vec<T> x) {
  Vec<T> y;
  values<T, Function>(&x, &y);
  return y;
}

// exp(x); what is smaller than exp(-overflow) comes out as that.
template <class T>
RECOLLECT_INLINE Vec<T> exp(Vec<T> x) {
  const Vec<T> argument = clamp<T>(x, -Reduction<T>::overflow, Reduction<T>::overflow);
  Reduced<T> e;
  reduce<T, 1>(&argument, &e);
  return e.scale * (e.p + T{1});
}

}  // namespace recollect::RECOLLECT_ISA
