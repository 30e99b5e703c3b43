//! The metrics, on a listener of their own.

use std::net::TcpListener;
use std::sync::Arc;

use actix_web::body::MessageBody;
use actix_web::dev::{Server, ServiceRequest, ServiceResponse};
use actix_web::http::header::{ACCEPT, CONTENT_TYPE, VARY};
use actix_web::middleware::{Next, from_fn};
use actix_web::{App, Error, HttpRequest, HttpResponse, web};

use crate::http::{ApiError, has_valid_host};
use crate::http1;
use crate::observe::metrics::{Metrics, from_openmetrics};

const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const PLAIN_TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Serves `/metrics`.
pub(crate) fn serve(listener: TcpListener, metrics: Metrics) -> std::io::Result<Server> {
    let metrics = web::Data::from(Arc::new(metrics));
    let app =
        move || App::new().app_data(metrics.clone()).route("/metrics", web::get().to(show)).wrap(from_fn(check_host));
    http1::Settings::for_operators().serve(listener, app)
}

/// Refuses what the API's port also refuses.
async fn check_host<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    if has_valid_host(request.request()) { next.call(request).await } else { Err(ApiError::InvalidHost.into()) }
}

async fn show(request: HttpRequest, metrics: web::Data<Metrics>) -> HttpResponse {
    // Writing into a text does not fail.
    let Ok(text) = metrics.text() else { return HttpResponse::InternalServerError().finish() };
    let mut answer = HttpResponse::Ok();
    answer.insert_header((VARY, "Accept"));
    if takes_openmetrics(&request) {
        answer.insert_header((CONTENT_TYPE, OPENMETRICS)).body(text)
    } else {
        answer.insert_header((CONTENT_TYPE, PLAIN_TEXT)).body(from_openmetrics(&text))
    }
}

/// Prometheus asks for OpenMetrics by name. Any other client gets what everybody can read.
fn takes_openmetrics(request: &HttpRequest) -> bool {
    let accepts = |value: &str| value.split(',').any(|range| range.trim().starts_with("application/openmetrics-text"));
    request.headers().get_all(ACCEPT).any(|value| value.to_str().is_ok_and(accepts))
}
