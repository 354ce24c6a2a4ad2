//! Batch normalisation on the CPU backend; the arithmetic is in `passes`.

use super::{
    NormalisationOptions,
    backend::{
        NormalisationInputs, NormalisationOps, NormalisationOutputs, NormalisationPasses, NormalisationSaved,
    },
    passes,
};
use crate::compute::ops::flex::{Planes, tensor, values};
use burn::backend::{Flex, tensor::FloatTensor};

impl NormalisationOps for Flex {
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

impl NormalisationPasses for Flex {
    fn normalise(
        inputs: NormalisationInputs<Self>,
        shortcut: Option<FloatTensor<Self>>,
        options: NormalisationOptions,
    ) -> NormalisationOutputs<FloatTensor<Self>> {
        let (input, shortcut) = (Planes::new(inputs.input), shortcut.map(Planes::new));
        let [weight, bias, running_mean, running_variance] =
            [inputs.weight, inputs.bias, inputs.running_mean, inputs.running_variance]
                .map(|tensor| tensor.to_contiguous());
        let shape = input.shape;
        let shortcut = shortcut.as_ref().map(batch);
        let (output, statistics) =
            passes::normalise(batch(&input), values(&weight), values(&bias), shortcut, options);
        let (mean, variance): (Vec<f32>, Vec<f32>) =
            statistics.into_iter().map(|own| (own.mean, own.variance)).unzip();
        let correction = options.unbiased(shape);
        let unbiased: Vec<f32> = variance.iter().map(|variance| variance * correction).collect();
        let running_mean = follow(values(&running_mean), &mean, options);
        let running_variance = follow(values(&running_variance), &unbiased, options);
        let channels = [shape[1]];
        NormalisationOutputs {
            output: tensor(output, shape),
            mean: tensor(mean, channels),
            variance: tensor(variance, channels),
            running_mean: tensor(running_mean, channels),
            running_variance: tensor(running_variance, channels),
        }
    }

    fn normalisation_gradients(
        saved: NormalisationSaved<FloatTensor<Self>>,
        gradient: FloatTensor<Self>,
    ) -> [FloatTensor<Self>; 4] {
        let NormalisationSaved { input, weight, output, mean, variance, has_shortcut: _, options } = saved;
        let of_output = gradient.clone();
        let (input, output, gradient) = (Planes::new(input), Planes::new(output), Planes::new(gradient));
        let shape = input.shape;
        let weight = weight.to_contiguous();
        let statistics: Vec<passes::ChannelStatistics> = (values(&mean).iter().zip(values(&variance)))
            .map(|(mean, variance)| passes::ChannelStatistics { mean: *mean, variance: *variance })
            .collect();
        let gradients = passes::gradients(
            batch(&input),
            values(&weight),
            &statistics,
            batch(&output),
            batch(&gradient),
            options,
        );
        let of_shortcut = match gradients.shortcut {
            Some(values) => tensor(values, shape),
            None => of_output,
        };
        [
            tensor(gradients.input, shape),
            tensor(gradients.weight, [shape[1]]),
            tensor(gradients.bias, [shape[1]]),
            of_shortcut,
        ]
    }
}

/// Running statistics after a batch with these statistics.
fn follow(running: &[f32], batch: &[f32], options: NormalisationOptions) -> Vec<f32> {
    let [kept, share] = options.shares();
    running.iter().zip(batch).map(|(running, batch)| running * kept + batch * share).collect()
}

fn batch(planes: &Planes) -> passes::BatchView<'_> {
    passes::BatchView { shape: planes.shape, values: planes.values() }
}
