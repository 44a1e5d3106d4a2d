//! `/healthz`, `/readyz` and `/metrics`: for whoever watches over the scheduler by machine.
//!
//! | request | answer |
//! | --- | --- |
//! | `GET /healthz` | 200: this program answers; it says nothing of what stands behind it |
//! | `GET /readyz` | 200 or 503, and no more |
//! | `GET /readyz/why` | the same, with the conditions that do not hold and why, and how full the list of withdrawals is: JSON |
//! | `GET /metrics` | figures in the form of OpenMetrics, which Prometheus reads |

use super::problem::Problem;
use super::{App, Response};
use crate::care::{CONTENT_TYPE, Readiness};
use crate::lang::Lang;
use std::sync::Arc;
use warp::Reply as _;
use warp::http::{StatusCode, header};
use warp::{Filter, Rejection};

/// The three of them.
pub(super) fn routes(app: &App) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone + use<> {
    let app = app.clone();
    warp::path::full().and(warp::get()).then(move |path: warp::path::FullPath| {
        let (care, clock, approvals) =
            (Arc::clone(&app.care), Arc::clone(&app.clock), Arc::clone(&app.console.approvals));
        async move {
            let (status, kind, text) = match path.as_str() {
                asked @ ("/readyz" | "/readyz/why") => {
                    let readiness = care.ready().await;
                    let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
                    let said = match asked {
                        "/readyz" => serde_json::json!({ "ready": readiness.ready }),
                        _ => {
                            let held = approvals.permissions().await.ok(); // a store that cannot be read has said so
                            let full = held.map(|held| held.withdrawals().full_percent());
                            let Readiness { ready, checks, .. } = readiness;
                            serde_json::json!({ "ready": ready, "checks": checks, "withdrawals_full_percent": full })
                        }
                    };
                    (status, "application/json", said.to_string())
                }
                "/metrics" => match care.figures().await {
                    Ok(figures) => (StatusCode::OK, CONTENT_TYPE, figures),
                    Err(error) => {
                        tracing::error!(%error, "figures could not be measured");
                        (StatusCode::INTERNAL_SERVER_ERROR, "text/plain", "the log cannot be read\n".to_owned())
                    }
                },
                "/healthz" => {
                    let health = serde_json::json!({ "status": "ok", "now_ms": clock.now().0 });
                    (StatusCode::OK, "application/json", health.to_string())
                }
                _ => return Problem::not_found().answer(Lang::default()),
            };
            let reply = warp::reply::with_header(text, header::CONTENT_TYPE, kind);
            let reply = warp::reply::with_header(reply, header::CACHE_CONTROL, "no-store");
            warp::reply::with_status(reply, status).into_response()
        }
    })
}
