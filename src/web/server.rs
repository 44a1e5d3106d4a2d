//! The accept loop: our own, because warp 0.4 leaves timeouts, TLS and shutdown to whoever serves.

use super::Service;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;

/// Why the service cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Another address than this machine's own.
    #[error(
        "listen = {0} is refused: there is no TLS and there are no accounts yet, so only this machine may connect; use 127.0.0.1 or [::1]"
    )]
    NotLoopback(SocketAddr),
    /// The system said no.
    #[error("listen = {address}: {source}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the system said, for example that the port is taken.
        source: std::io::Error,
    },
}

/// A bound socket, not yet served.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
}

impl Listener {
    /// Binds to a loopback address; port 0 takes any free port.
    pub async fn bind(address: SocketAddr) -> Result<Self, ListenError> {
        if !address.ip().is_loopback() {
            return Err(ListenError::NotLoopback(address));
        }
        let failed = |source| ListenError::Bind { address, source };
        let socket = TcpListener::bind(address).await.map_err(failed)?;
        let address = socket.local_addr().map_err(failed)?;
        Ok(Self { socket, address })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` is done, then lets open requests finish for `grace` at most.
    /// A client that takes longer than `header_read` to send its headers is dropped.
    pub async fn serve(self, service: Service, header_read: Duration, grace: Duration, stop: impl Future<Output = ()>) {
        let mut http = hyper::server::conn::http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(header_read);
        let open = GracefulShutdown::new();
        tokio::pin!(stop);
        loop {
            let accepted = tokio::select! {
                accepted = self.socket.accept() => accepted,
                () = &mut stop => break,
            };
            let stream = match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // out of file descriptors: wait for some to be freed, do not spin
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            let _ = stream.set_nodelay(true); // events are small and should leave at once
            let service = service.clone();
            let handle = hyper::service::service_fn(move |request| {
                let service = service.clone();
                async move { Ok::<_, Infallible>(service.answer::<hyper::body::Incoming>(request).await) }
            });
            let connection = open.watch(http.serve_connection(TokioIo::new(stream), handle));
            tokio::spawn(async move {
                if let Err(error) = connection.await {
                    tracing::debug!(%error, "connection ended");
                }
            });
        }
        drop(self.socket);
        if tokio::time::timeout(grace, open.shutdown()).await.is_err() {
            tracing::info!("some requests were still open and are cut");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::Router;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use warp::Filter;

    #[tokio::test]
    async fn it_serves_on_loopback_drops_the_slow_and_stops_in_order() {
        let slow = warp::path!("slow").then(|| async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            "done"
        });
        let service = Router::new().route("slow", slow).into_service(100);
        let listener = Listener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let address = listener.address();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let serving =
            tokio::spawn(listener.serve(service, Duration::from_millis(200), Duration::from_secs(5), async {
                let _ = stopped.await;
            }));

        let mut idle = tokio::net::TcpStream::connect(address).await.unwrap();
        idle.write_all(b"GET /slow HT").await.unwrap();
        let mut rest = Vec::new();
        let dropped = tokio::time::timeout(Duration::from_secs(5), idle.read_to_end(&mut rest)).await;
        assert!(dropped.is_ok(), "a client that never ends its headers is dropped");

        let open = tokio::spawn(reqwest::get(format!("http://{address}/slow")));
        tokio::time::sleep(Duration::from_millis(100)).await;
        stop.send(()).unwrap();
        assert_eq!(open.await.unwrap().unwrap().text().await.unwrap(), "done", "an open request is finished");
        serving.await.unwrap();
        assert!(reqwest::get(format!("http://{address}/slow")).await.is_err());
    }

    #[tokio::test]
    async fn an_address_that_others_can_reach_is_refused_with_the_reason() {
        for address in ["0.0.0.0:0", "192.168.1.5:80", "[::]:0"] {
            let error = Listener::bind(address.parse().unwrap()).await.unwrap_err().to_string();
            assert!(error.contains(address) && error.contains("no TLS") && error.contains("127.0.0.1"), "{error}");
        }
    }
}
