// The linear maps of Winograd's F(2x2, 3x3).
#pragma once

#include "../../simd/isa.hpp"

namespace plumb::kernel {

// The result is cut into tiles of 2x2, each of which sees a patch d of 4x4 of every channel. With
//
//         1  0 -1  0            1    0    0            1  0
//   B^T = 0  1  1  0       G =  1/2  1/2  1/2     A =  1  1
//         0 -1  1  0            1/2 -1/2  1/2          1 -1
//         0  1  0 -1            0    0    1            0 -1
//
// a tile is A^T [ sum over c of (G w G^T) * (B^T d B) ] A, where * multiplies each of the 16
// elements by its like. The gradient of the weights is G^T [ sum over tiles of (A g A^T) *
// (B^T d B) ] G.

/// Elements of a transformed tile.
inline constexpr int points = 16;

/// out = M in M^T, for a map M from `from` to `to` vectors: along the columns, then along the rows.
template <int from, int to, class V, class M>
PLUMB_INLINE inline void transform(const V (&in)[from][from], V (&out)[to][to], const M& map) {
  V half[to][from];
#pragma GCC unroll 4
  for (int j = 0; j < from; ++j) {
    V column[from], mapped[to];
#pragma GCC unroll 4
    for (int i = 0; i < from; ++i) column[i] = in[i][j];
    map(column, mapped);
#pragma GCC unroll 4
    for (int i = 0; i < to; ++i) half[i][j] = mapped[i];
  }
#pragma GCC unroll 4
  for (int i = 0; i < to; ++i) map(half[i], out[i]);
}

/// B^T.
struct PatchMap {
  template <class V>
  PLUMB_INLINE void operator()(const V (&d)[4], V (&v)[4]) const {
    v[0] = d[0] - d[2];
    v[1] = d[1] + d[2];
    v[2] = d[2] - d[1];
    v[3] = d[1] - d[3];
  }
};
/// A^T.
struct ResultMap {
  template <class V>
  PLUMB_INLINE void operator()(const V (&m)[4], V (&y)[2]) const {
    y[0] = m[0] + m[1] + m[2];
    y[1] = m[1] - m[2] - m[3];
  }
};
/// A.
struct SeedMap {
  template <class V>
  PLUMB_INLINE void operator()(const V (&g)[2], V (&m)[4]) const {
    m[0] = g[0];
    m[1] = g[0] + g[1];
    m[2] = g[0] - g[1];
    m[3] = -g[1];
  }
};
/// G.
struct KernelMap {
  template <class V>
  PLUMB_INLINE void operator()(const V (&w)[3], V (&u)[4]) const {
    const V ends = w[0] + w[2];
    u[0] = w[0];
    u[1] = (ends + w[1]) / 2;
    u[2] = (ends - w[1]) / 2;
    u[3] = w[2];
  }
};
/// G^T.
struct KernelGradientMap {
  template <class V>
  PLUMB_INLINE void operator()(const V (&u)[4], V (&w)[3]) const {
    const V sum = (u[1] + u[2]) / 2;
    w[0] = u[0] + sum;
    w[1] = (u[1] - u[2]) / 2;
    w[2] = sum + u[3];
  }
};

}  // namespace plumb::kernel
