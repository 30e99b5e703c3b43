use opentelemetry::trace::{Link, SpanKind, TraceContextExt, TraceId};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::{Sampler, SamplingDecision, SamplingResult, ShouldSample};

/// Traces a part of the requests, chosen by the trace id, so that services with the same ratio choose the same traces.
/// A client may turn it off for its request, but never on: it does not pay for it.
#[derive(Clone, Debug)]
pub(super) struct Ratio(Sampler);

impl Ratio {
    pub(super) fn new(ratio: f64) -> Self {
        Self(Sampler::TraceIdRatioBased(ratio))
    }
}

impl ShouldSample for Ratio {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        trace_id: TraceId,
        name: &str,
        kind: &SpanKind,
        attributes: &[KeyValue],
        links: &[Link],
    ) -> SamplingResult {
        let mut result = self.0.should_sample(parent, trace_id, name, kind, attributes, links);
        let is_declined = |parent: &Context| parent.has_active_span() && !parent.span().span_context().is_sampled();
        if parent.is_some_and(is_declined) {
            result.decision = SamplingDecision::Drop;
        }
        result
    }
}
