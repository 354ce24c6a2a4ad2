// Finds the range that contains nearly all values of an array, and their median, without reading anything back.
// One workgroup; values that are not finite do not count.
//
// Two histograms. The bits of a float, with those of negative numbers inverted, sort as the floats do and grow with
// the logarithm. A first histogram of these bits finds a rough range, however extreme outliers are. A second
// one, of the values in that range, gives the results to 1/2048 of it.

// Values that count, and the share of them in the range.
struct SelectionUniform {
    // Number of values: a binding may be longer than its array.
    count: u32,
    // Share of values below the lowest, and share above the highest.
    outside: f32,
    // 1: the range is symmetric about zero.
    symmetric: u32,
    // 1: zero means that the value is not known.
    sparse: u32,
}

@group(0) @binding(0) var<storage, read> values: array<f32>;
// Lowest, highest and median value.
@group(0) @binding(1) var<storage, read_write> range: array<f32, 3>;
@group(0) @binding(2) var<storage, read> selection: SelectionUniform;

const THREADS: u32 = 256u;
const BINS: u32 = 2048u;

var<workgroup> min_order: atomic<u32>;
var<workgroup> max_order: atomic<u32>;
var<workgroup> total: atomic<u32>;
var<workgroup> below: atomic<u32>;
var<workgroup> bins: array<atomic<u32>, BINS>;
var<workgroup> rough_range: vec2f;

// Integers that sort as the floats with these bits do.
fn ordered(bits: u32) -> u32 {
    return select(bits | 0x80000000u, ~bits, (bits & 0x80000000u) != 0u);
}

// Float of such an integer; the inverse of `ordered`.
fn disordered(order: u32) -> f32 {
    return bitcast<f32>(select(~order, order & 0x7fffffffu, (order & 0x80000000u) != 0u));
}

// True if the value counts. Tests the bits, because a shader may assume that all numbers are finite.
fn counts(bits: u32) -> bool {
    let is_finite = (bits & 0x7f800000u) != 0x7f800000u;
    return is_finite && (selection.sparse == 0u || (bits & 0x7fffffffu) != 0u);
}

fn clear(thread: u32) {
    for (var bin = thread; bin < BINS; bin += THREADS) {
        atomicStore(&bins[bin], 0u);
    }
}

// Position in the histogram, in bins, below which this many of the counted values are.
fn bin_below(wanted: f32) -> f32 {
    var before = f32(atomicLoad(&below));
    for (var bin = 0u; bin < BINS; bin++) {
        let here = f32(atomicLoad(&bins[bin]));
        if before + here > wanted {
            return f32(bin) + clamp((wanted - before) / here, 0.0, 1.0);
        }
        before += here;
    }
    return f32(BINS);
}

@compute @workgroup_size(256)
fn find(@builtin(local_invocation_index) thread: u32) {
    if thread == 0u {
        atomicStore(&min_order, 0xffffffffu);
        atomicStore(&max_order, 0u);
        atomicStore(&total, 0u);
        atomicStore(&below, 0u);
    }
    clear(thread);
    workgroupBarrier();

    var low = 0xffffffffu;
    var high = 0u;
    var finite = 0u;
    for (var index = thread; index < selection.count; index += THREADS) {
        let bits = bitcast<u32>(values[index]);
        if counts(bits) {
            low = min(low, ordered(bits));
            high = max(high, ordered(bits));
            finite += 1u;
        }
    }
    atomicMin(&min_order, low);
    atomicMax(&max_order, high);
    atomicAdd(&total, finite);
    workgroupBarrier();

    let start = atomicLoad(&min_order);
    let end = atomicLoad(&max_order);
    let stride = (end - start) / BINS + 1u;
    for (var index = thread; index < selection.count; index += THREADS) {
        let bits = bitcast<u32>(values[index]);
        if counts(bits) {
            atomicAdd(&bins[(ordered(bits) - start) / stride], 1u);
        }
    }
    workgroupBarrier();

    let outside = selection.outside * f32(atomicLoad(&total));
    let inside = f32(atomicLoad(&total)) - outside;
    if thread == 0u {
        let first = u32(bin_below(outside));
        let last = min(u32(bin_below(inside)), BINS - 1u);
        // The last bin may end beyond the largest finite number.
        let beyond = select(start + (last + 1u) * stride, end, (end - start) / stride <= last);
        rough_range = vec2f(disordered(start + first * stride), disordered(beyond));
    }
    workgroupBarrier();
    clear(thread);
    workgroupBarrier();

    let origin = rough_range.x;
    let width = max(rough_range.y - origin, 1e-30);
    for (var index = thread; index < selection.count; index += THREADS) {
        if counts(bitcast<u32>(values[index])) {
            let position = (values[index] - origin) / width * f32(BINS);
            if position < 0.0 {
                atomicAdd(&below, 1u);
            } else if position <= f32(BINS) {
                atomicAdd(&bins[min(u32(position), BINS - 1u)], 1u);
            }
        }
    }
    workgroupBarrier();

    if thread == 0u {
        let bin_width = width / f32(BINS);
        range[0] = origin + bin_width * bin_below(outside);
        range[1] = origin + bin_width * bin_below(inside);
        range[2] = origin + bin_width * bin_below(0.5 * (outside + inside));
        if selection.symmetric == 1u {
            let reach = max(max(abs(range[0]), abs(range[1])), 1e-12);
            range = array<f32, 3>(-reach, reach, range[2]);
        }
        if atomicLoad(&total) == 0u {
            range = array<f32, 3>(0.0, 1.0, 0.5);
        }
    }
}
