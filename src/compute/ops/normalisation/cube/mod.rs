//! Batch normalisation on the GPU, without atomics. Each workgroup reduces a part of a channel; the next launch
//! combines the parts of a channel, always in the same order.

mod backward;
mod fixed;
mod forward;
mod reduce;

use super::{
    NormalisationOptions,
    backend::{
        NormalisationInputs, NormalisationOps, NormalisationOutputs, NormalisationPasses, NormalisationSaved,
    },
};
use crate::compute::ops::cube::{argument, empty, empty_of, one_thread_each, primitive, vector_size};
use burn::backend::{Cube, TensorMetadata, tensor::FloatTensor};
use burn_cubecl::kernel::into_contiguous;
use cubecl::prelude::{CubeCount, CubeDim};

/// burn's tensor; cubecl's kernels have one of the same name.
type Map = burn::tensor::Tensor<4>;
type Vector = burn::tensor::Tensor<1>;

/// Division of a batch among workgroups.
struct WorkDivision {
    channels: usize,
    parts: usize,
    /// Values that a thread loads at once.
    lanes: usize,
}

impl WorkDivision {
    fn of([batch, channels, height, width]: [usize; 4]) -> Self {
        let lanes = vector_size(height * width);
        Self { channels, parts: reduce::parts_of(batch * height * width / lanes), lanes }
    }

    fn workgroups(&self) -> (CubeCount, CubeDim) {
        let count = CubeCount::Static(self.parts as u32, self.channels as u32, 1);
        (count, CubeDim::new_1d(reduce::THREADS as u32))
    }
}

impl NormalisationOps for Cube {
    fn normalise_batch(
        inputs: NormalisationInputs<Self>,
        options: NormalisationOptions,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        Self::normalise(inputs, None, options).dispatched()
    }

    fn normalise_batch_and_add(
        inputs: NormalisationInputs<Self>,
        shortcut: FloatTensor<Self>,
        options: NormalisationOptions,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        Self::normalise(inputs, Some(shortcut), options).dispatched()
    }
}

impl NormalisationPasses for Cube {
    fn normalise(
        inputs: NormalisationInputs<Self>,
        shortcut: Option<FloatTensor<Self>>,
        options: NormalisationOptions,
    ) -> NormalisationOutputs<FloatTensor<Self>> {
        let NormalisationInputs { input, weight, bias, running_mean, running_variance } = inputs;
        let [input, weight, bias, running_mean, running_variance] =
            [input, weight, bias, running_mean, running_variance].map(into_contiguous);
        let shortcut = shortcut.map(into_contiguous);
        let shape: [usize; 4] = input.shape().dims();
        let division = WorkDivision::of(shape);
        let (cubes, threads) = division.workgroups();
        let partials = empty_of(&input, [division.channels, division.parts, 3], input.dtype);
        forward::moments_kernel::launch(
            &input.client,
            cubes.clone(),
            threads,
            division.lanes,
            argument(&input),
            argument(&partials),
        );
        let statistics = || empty_of(&input, [division.channels], input.dtype);
        let outputs = NormalisationOutputs {
            output: empty(&input, shape),
            mean: statistics(),
            variance: statistics(),
            running_mean: statistics(),
            running_variance: statistics(),
        };
        let [kept, share] = options.shares();
        forward::normalise_kernel::launch(
            &input.client,
            cubes,
            threads,
            division.lanes,
            argument(&input),
            argument(shortcut.as_ref().unwrap_or(&input)),
            argument(&partials),
            argument(&weight),
            argument(&bias),
            argument(&running_mean),
            argument(&running_variance),
            argument(&outputs.output),
            argument(&outputs.mean),
            argument(&outputs.variance),
            argument(&outputs.running_mean),
            argument(&outputs.running_variance),
            options.epsilon,
            kept,
            share,
            options.unbiased(shape),
            shortcut.is_some(),
            options.rectify,
        );
        outputs
    }

    fn normalisation_gradients(
        saved: NormalisationSaved<FloatTensor<Self>>,
        gradient: FloatTensor<Self>,
    ) -> [FloatTensor<Self>; 4] {
        let NormalisationSaved { input, weight, output, mean, variance, has_shortcut, options } = saved;
        let [input, weight, output, gradient] = [input, weight, output, gradient].map(into_contiguous);
        let shape: [usize; 4] = input.shape().dims();
        let division = WorkDivision::of(shape);
        let (cubes, threads) = division.workgroups();
        let partials = empty_of(&input, [division.channels, division.parts, 2], input.dtype);
        backward::sums_kernel::launch(
            &input.client,
            cubes.clone(),
            threads,
            division.lanes,
            argument(&input),
            argument(&output),
            argument(&gradient),
            argument(&mean),
            argument(&partials),
            options.rectify,
        );
        let writes_shortcut = has_shortcut && options.rectify;
        let input_gradient = empty(&input, shape);
        // A kernel must be given some tensor to write to.
        let shortcut_gradient =
            empty(&input, if writes_shortcut { shape } else { [1, 1, 1, division.lanes] });
        let [weight_gradient, bias_gradient] =
            [(); 2].map(|()| empty_of(&input, [division.channels], input.dtype));
        backward::gradients_kernel::launch(
            &input.client,
            cubes,
            threads,
            division.lanes,
            argument(&input),
            argument(&output),
            argument(&gradient),
            argument(&weight),
            argument(&mean),
            argument(&variance),
            argument(&partials),
            argument(&input_gradient),
            argument(&shortcut_gradient),
            argument(&weight_gradient),
            argument(&bias_gradient),
            options.epsilon,
            (shape[0] * shape[2] * shape[3]) as f32,
            options.rectify,
            writes_shortcut,
        );
        [
            input_gradient,
            weight_gradient,
            bias_gradient,
            if writes_shortcut { shortcut_gradient } else { gradient },
        ]
    }
}

/// See [`super::FixedNormalisation::fold`]; the parameters are weight, bias, mean and variance.
pub(super) fn fold(parameters: [Vector; 4], epsilon: f32, filters: Map) -> (Map, Vector) {
    let [weight, bias, mean, variance] = parameters.map(primitive);
    let filters = primitive(filters);
    let shape: [usize; 4] = filters.shape().dims();
    let (folded, shift) = (empty(&filters, shape), empty_of(&filters, [shape[0]], filters.dtype));
    let (cubes, threads) = one_thread_each(&filters, shape.iter().product());
    fixed::fold_kernel::launch(
        &filters.client,
        cubes,
        threads,
        argument(&filters),
        argument(&weight),
        argument(&bias),
        argument(&mean),
        argument(&variance),
        argument(&folded),
        argument(&shift),
        epsilon,
    );
    (Map::from_primitive::<Cube>(folded), Vector::from_primitive::<Cube>(shift))
}

/// See [`super::FixedNormalisation::apply`]; the parameters are weight, bias, mean and variance.
pub(super) fn apply(
    parameters: [Vector; 4],
    epsilon: f32,
    input: Map,
    shortcut: Option<Map>,
    rectify: bool,
) -> Map {
    let [weight, bias, mean, variance] = parameters.map(primitive);
    let (input, shortcut) = (primitive(input), shortcut.map(primitive));
    let shape: [usize; 4] = input.shape().dims();
    let lanes = vector_size(shape[2] * shape[3]);
    let output = empty(&input, shape);
    let (cubes, threads) = one_thread_each(&input, shape.iter().product::<usize>() / lanes);
    fixed::apply_kernel::launch(
        &input.client,
        cubes,
        threads,
        lanes,
        argument(&input),
        argument(shortcut.as_ref().unwrap_or(&input)),
        argument(&weight),
        argument(&bias),
        argument(&mean),
        argument(&variance),
        argument(&output),
        epsilon,
        shortcut.is_some(),
        rectify,
    );
    Map::from_primitive::<Cube>(output)
}
