"""Random numbers without state, and the jumps of a path.

Every draw is a hash of (key of the batch, path, purpose, number): SplitMix64 (Steele, Lea & Flood 2014) started at a
hash of the path. So a path does not depend on the other paths of a batch, nor on the number of draws of other parts.
Leaves to others: the effects of jumps.
"""

import math

import numpy as np

from ...elementary import LN2
from ...kernels.elementary import exp, expm1, log, log1p
from ...kernels.hashing import GOLDEN, splitmix64
from ...kernels.jit import inlined_kernel, kernel
from ..layout import LAW_FIXED, LAW_NORMAL

S12, S20, S32, S40 = (np.uint64(n) for n in (12, 20, 32, 40))
LOW_32 = np.uint64(0xFFFFFFFF)
TWO_52 = 1.0 / (1 << 52)
#: Bits of 1.0, of 2^52 and of a mantissa.
EXPONENT_0, EXPONENT_52, MANTISSA = np.int64(0x3FF0000000000000), np.int64(0x4330000000000000), np.int64((1 << 52) - 1)
ROOT_2 = math.sqrt(2.0)
#: The quantile's middle: within this distance of 1/2 one rational function is used.
MIDDLE = 0.47575

# Purposes of a draw.
COUNT, SIZE, TIME, DIFFUSION, BRIDGE, PICK, SHARE = range(7)


mix = inlined_kernel(splitmix64)


@inlined_kernel
def path_key(key, path):
    """Key of a path: key is the batch's (uint64), path its number."""
    return mix(mix(key + GOLDEN) + np.uint64(path + 1) * GOLDEN)


@kernel
def path_keys(key, first, out):
    """Write the keys of paths number `first` .. to `out` (uint64)."""
    for j in range(len(out)):
        out[j] = path_key(key, first + j)


@inlined_kernel
def uniform(key, purpose, number):
    """A uniform in (0, 1), never an end: 52 bits and a half."""
    return as_uniform(mix(counter(key, purpose, number)) >> S12)


@inlined_kernel
def counter(key, purpose, number):
    """The input of a draw's hash; that of the next number is this + GOLDEN."""
    return key + ((np.uint64(purpose) << S40) + np.uint64(number + 1)) * GOLDEN


@inlined_kernel
def as_uniform(bits):
    """52 bits as a float in (0, 1): placed behind the exponent of 1, so that loops are vectorised."""
    return (np.int64(np.int64(bits) | EXPONENT_0).view(np.float64) - 1.0) + 0.5 * TWO_52


@inlined_kernel
def normal_quantile(u):
    """Standard normal quantile, relative error below 1.2e-9 (P. Acklam 2003, from the published coefficients)."""
    q = u - 0.5
    return middle_quantile(q) if abs(q) <= MIDDLE else tail_quantile(u)


@inlined_kernel
def middle_quantile(q):
    """`normal_quantile` of q + 1/2 where |q| <= MIDDLE."""
    r = q * q
    top = -39.69683028665376
    top = top * r + 220.9460984245205
    top = top * r - 275.9285104469687
    top = top * r + 138.3577518672690
    top = top * r - 30.66479806614716
    top = top * r + 2.506628277459239
    below = -54.47609879822406
    below = below * r + 161.5858368580409
    below = below * r - 155.6989798598866
    below = below * r + 66.80131188771972
    below = below * r - 13.28068155288572
    return q * top / (below * r + 1.0)


@inlined_kernel
def tail_quantile(u):
    """`normal_quantile` outside the middle."""
    tail = u if u < 0.5 else 1.0 - u
    r = math.sqrt(-2.0 * log(tail))
    top = -0.007784894002430293
    top = top * r - 0.3223964580411365
    top = top * r - 2.400758277161838
    top = top * r - 2.549732539343734
    top = top * r + 4.374664141464968
    top = top * r + 2.938163982698783
    below = 0.007784695709041462
    below = below * r + 0.3224671290700398
    below = below * r + 2.445134137142996
    below = below * r + 3.754408661907416
    x = top / (below * r + 1.0)
    return x if u < 0.5 else -x


@kernel
def fill_uniforms(key, purpose, first, out, count):
    """Uniforms number `first` .. of a purpose."""
    start = counter(key, purpose, first)
    for j in range(count):
        out[j] = as_uniform(mix(start + np.uint64(j) * GOLDEN) >> S12)


@inlined_kernel
def minus_log(u):
    """-ln u of a positive normal float, absolute error below 1e-12, without a call, so that loops of it are vectors.

    u = 2^e f with f in [1, 2), and ln f = ln(2) / 2 + 2 atanh(t), t = (f - sqrt 2) / (f + sqrt 2), |t| < .172.
    """
    bits = np.float64(u).view(np.int64)
    exponent = np.int64((bits >> 52) | EXPONENT_52).view(np.float64) - (4503599627370496.0 + 1023.0)
    f = np.int64((bits & MANTISSA) | EXPONENT_0).view(np.float64)
    t = (f - ROOT_2) / (f + ROOT_2)
    r = t * t
    series = 1.0 / 13.0
    series = series * r + 1.0 / 11.0
    series = series * r + 1.0 / 9.0
    series = series * r + 1.0 / 7.0
    series = series * r + 1.0 / 5.0
    series = series * r + 1.0 / 3.0
    return -((exponent + 0.5) * LN2 + 2.0 * t * (series * r + 1.0))


@kernel
def fill_exponentials(key, purpose, first, lows, highs, count):
    """Two standard exponentials for each number from `first` on: the halves of one hash, so up to 32 ln 2 = 22."""
    start = counter(key, purpose, first)
    for j in range(count):
        bits = mix(start + np.uint64(j) * GOLDEN)
        lows[j] = as_uniform((bits & LOW_32) << S20)
        highs[j] = as_uniform((bits >> S32) << S20)
    for j in range(count):
        lows[j] = abs(minus_log(lows[j]))
    for j in range(count):
        highs[j] = abs(minus_log(highs[j]))


@kernel
def to_normals(uniforms, out, places, count):
    """`normal_quantile` of many: the middle of all at once (vector code), then those that lie in the tails."""
    for j in range(count):
        out[j] = middle_quantile(uniforms[j] - 0.5)
    n_tails = 0
    for j in range(count):
        places[n_tails] = j
        n_tails += 1 if abs(uniforms[j] - 0.5) > MIDDLE else 0
    for j in range(n_tails):
        out[places[j]] = tail_quantile(uniforms[places[j]])


@kernel
def jump_size(law, u):
    """Log size of a jump at quantile u: small u is a large fall."""
    if law.kind == LAW_NORMAL:
        return law.log_mean + law.log_sd * normal_quantile(u)
    down = law.down_share
    if u < down:
        tail = minus_log(u / down)  # standard exponential
        xi = law.down_xi
        excess = expm1(xi * tail) / xi if xi > 0.0 else tail
        return -(law.down_threshold + law.down_beta * excess)
    tail = minus_log((1.0 - u) / (1.0 - down))
    xi = law.up_xi
    excess = expm1(xi * tail) / xi if xi > 0.0 else tail
    return law.up_threshold + law.up_beta * excess


@inlined_kernel
def gap_share(law, u):
    """Share of a jump that comes as a gap, at quantile u: even from the smallest to the median, and to the largest."""
    if u < 0.5:
        return law.share_low + 2.0 * u * (law.share_middle - law.share_low)
    return law.share_middle + (2.0 * u - 1.0) * (law.share_high - law.share_middle)


@kernel
def fill_shares(key, law, shares, count):
    """The gap shares of the first `count` jumps in order of time; drawn apart from their sizes."""
    for j in range(count):
        shares[j] = gap_share(law, uniform(key, SHARE, j))


@kernel
def gap_shares(law, u, out):
    """Gap shares at each quantile of `u`."""
    for j in range(len(u)):
        out[j] = gap_share(law, u[j])


@kernel
def jump_sizes(law, u, out):
    """Log sizes at each quantile of `u`."""
    for j in range(len(u)):
        out[j] = jump_size(law, u[j])


@kernel
def jump_log_density(law, size):
    """Log density of a jump's log size; -inf where there is none (and everywhere for a fixed jump)."""
    if law.kind == LAW_NORMAL:
        z = (size - law.log_mean) / law.log_sd
        return -0.5 * z * z - log(law.log_sd * math.sqrt(2.0 * math.pi))
    if size < 0.0:
        excess = (-size - law.down_threshold) / law.down_beta
        if excess < 0.0 or law.down_share <= 0.0:
            return -math.inf
        xi = law.down_xi
        tail = (1.0 + 1.0 / xi) * log1p(xi * excess) if xi > 0.0 else excess
        return log(law.down_share / law.down_beta) - tail
    excess = (size - law.up_threshold) / law.up_beta
    if excess < 0.0 or law.down_share >= 1.0:
        return -math.inf
    xi = law.up_xi
    tail = (1.0 + 1.0 / xi) * log1p(xi * excess) if xi > 0.0 else excess
    return log((1.0 - law.down_share) / law.up_beta) - tail


@kernel
def count_at(cumulative, u):
    """Number of jumps at quantile u, from their cumulative probabilities; the last entry stands for all beyond it."""
    count = 0
    while count < len(cumulative) - 1 and u > cumulative[count]:
        count += 1
    return count


@kernel
def sort_jumps(times, sizes, count):
    """Put the first `count` jumps in order of time."""
    for i in range(1, count):
        time, size = times[i], sizes[i]
        j = i
        while j > 0 and times[j - 1] > time:
            times[j], sizes[j] = times[j - 1], sizes[j - 1]
            j -= 1
        times[j], sizes[j] = time, size


@kernel
def draw_crude(key, law, counts, horizon, times, sizes):
    """Write the jumps of a path in order of time; return how many. times in years, sizes log."""
    count = count_at(counts["cumulative"], uniform(key, COUNT, 0))
    if law.kind == LAW_FIXED:
        times[0], sizes[0] = law.time, law.log_mean
        return 1
    for j in range(count):
        times[j] = horizon * uniform(key, TIME, j)
        sizes[j] = jump_size(law, uniform(key, SIZE, j))
    sort_jumps(times, sizes, count)
    return count


@kernel
def draw_given(key, law, counts, horizon, head, n_sizes, times, sizes):
    """Jumps from given uniforms: head[0] is their number, head[1:1 + n_sizes] the sizes beginning with the largest
    fall, head[1 + n_sizes:1 + 2 n_sizes] times; what head does not hold is hashed. Returns how many.

    The i-th smallest of n uniforms given those before it: v_i = v + (1 - v) (1 - (1 - u)^(1 / (n - i + 1))).
    """
    count = count_at(counts["cumulative"], head[0])
    level = 0.0
    for j in range(count):
        u = head[1 + j] if j < n_sizes else uniform(key, SIZE, j)
        level += (1.0 - level) * -expm1(log1p(-u) / (count - j))
        sizes[j] = jump_size(law, min(level, 1.0 - 1e-16))
        place = 1 + n_sizes + j
        times[j] = horizon * (head[place] if j < n_sizes and place < len(head) else uniform(key, TIME, j))
    sort_jumps(times, sizes, count)
    return count


@kernel
def draw_importance(key, path, law, laws, counts, horizon, sampling, times, sizes):
    """Jumps from a mixture of proposals; returns (how many, log weight).

    laws (2,): of the one big jump, and of every jump where all are tilted.  counts (n,) COUNT_DTYPE.  sampling: of ten
    paths, how many are crude, and how many tilt all jumps and their number; the rest tilt ONE jump of at least one,
    chosen uniformly. A path's part follows from its number, so the parts are exact. The weight divides by the density
    of the whole mixture:
    1 / (crude + all x n'(N)/n(N) prod a_j + one x [N >= 1] / P(N >= 1) mean b_j), a and b: tilted / plain density.
    """
    big, each = laws[0], laws[1]
    part, crude, tilted = path % 10, sampling.crude_tenths, sampling.all_tenths
    u = uniform(key, COUNT, 0)
    none = counts[0].cumulative
    picked = -1
    every = part >= crude and part < crude + tilted
    if every:
        count = count_at(counts["tilted_cumulative"], u)
    elif part < crude:
        count = count_at(counts["cumulative"], u)
    else:
        count = count_at(counts["cumulative"], none + u * (1.0 - none))
        count = max(count, 1)
        picked = min(int(uniform(key, PICK, 0) * count), count - 1)
    total, product = 0.0, 0.0
    for j in range(count):
        times[j] = horizon * uniform(key, TIME, j)
        proposal = each if every else (big if j == picked else law)
        sizes[j] = jump_size(proposal, uniform(key, SIZE, j))
        plain = jump_log_density(law, sizes[j])
        total += exp(jump_log_density(big, sizes[j]) - plain)
        product += jump_log_density(each, sizes[j]) - plain
    density = crude / 10.0
    density += tilted / 10.0 * exp(product + counts[count].tilted_log - counts[count].log)
    if count > 0:
        density += (10 - crude - tilted) / 10.0 * total / (count * (1.0 - none))
    sort_jumps(times, sizes, count)
    return count, -log(density)
