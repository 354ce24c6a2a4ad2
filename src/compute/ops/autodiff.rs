//! Registration of an operation in the autodiff graph, common to all operations.

use burn::backend::{
    Autodiff, Backend,
    autodiff::{
        checkpoint::strategy::CheckpointStrategy,
        ops::{Backward, NodeGuard, OpsKind},
    },
    tensor::FloatTensor,
};

/// Output of an operation on `parents` as a tensor under differentiation. If any parent requires a gradient, the
/// backward pass goes through `rule` with this `state`; else both are dropped.
pub(super) fn tracked<B: Backend, C: CheckpointStrategy, R: Backward<B, N>, const N: usize>(
    rule: R,
    parents: [NodeGuard; N],
    state: R::State,
    output: FloatTensor<B>,
) -> FloatTensor<Autodiff<B, C>> {
    match rule.prepare::<C>(parents).compute_bound().stateful() {
        OpsKind::Tracked(prepared) => prepared.finish(state, output),
        OpsKind::UnTracked(prepared) => prepared.finish(output),
    }
}
