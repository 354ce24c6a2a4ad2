//! Activation functions that a convolution applies to its output while it is still in registers.

/// A function applied to every output value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Activation {
    /// Identity: the value itself.
    #[default]
    None,
    /// max(x, 0).
    Relu,
    /// x above zero, x / 10 below.
    LeakyRelu,
    /// x above zero, exp(x) − 1 below.
    Elu,
}

impl Activation {
    /// Slope of the leaky rectifier below zero.
    pub(super) const LEAK: f32 = 0.1;

    /// Adds a bias and applies the function.
    #[inline(always)]
    pub(super) fn apply(self, bias: f32, values: &mut [f32]) {
        match self {
            Self::None => values.iter_mut().for_each(|x| *x += bias),
            Self::Relu => values.iter_mut().for_each(|x| *x = (*x + bias).max(0.0)),
            Self::LeakyRelu => values.iter_mut().for_each(|x| {
                let value = *x + bias;
                *x = value.max(Self::LEAK * value);
            }),
            Self::Elu => values.iter_mut().for_each(|x| {
                let value = *x + bias;
                *x = value.max(0.0) + exponential(value.min(0.0)) - 1.0;
            }),
        }
    }

    /// Derivative at the point where the function's value is `output`.
    #[inline(always)]
    pub(super) fn derivative(self, output: f32) -> f32 {
        match self {
            Self::None => 1.0,
            Self::Relu => f32::from(output > 0.0),
            Self::LeakyRelu => {
                if output > 0.0 {
                    1.0
                } else {
                    Self::LEAK
                }
            }
            Self::Elu => output.min(0.0) + 1.0,
        }
    }
}

/// exp(x) for x ≤ 0 to within two units in the last place, in operations that vectorise: 2ⁿ·exp(r)
/// with n the nearest integer to x / ln 2 and |r| ≤ ln 2 / 2.
#[inline(always)]
fn exponential(x: f32) -> f32 {
    /// 1.5·2²³: adding and subtracting it rounds to the nearest integer.
    const ROUNDER: f32 = 12_582_912.0;
    /// ln 2 in two parts, the first (355/512) with few enough bits that its multiples are exact.
    const LN_2: (f32, f32) = (355.0 / 512.0, -2.121_944_4e-4);
    let x = x.max(-87.0);
    let n = (x * std::f32::consts::LOG2_E + ROUNDER) - ROUNDER;
    let r = (x - n * LN_2.0) - n * LN_2.1;
    let series = 1.0 / 720.0;
    let series = series * r + 1.0 / 120.0;
    let series = series * r + 1.0 / 24.0;
    let series = series * r + 1.0 / 6.0;
    let series = series * r + 0.5;
    let series = series * r + 1.0;
    let series = series * r + 1.0;
    // n is an integer from -126 to 0, so n + 127 is a valid exponent.
    series * f32::from_bits(((n as i32 + 127) as u32) << 23)
}
