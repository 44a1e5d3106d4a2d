//! The accept loop: our own, because warp 0.4 leaves TLS, time limits, caps and shutdown to whoever serves.

use super::Service;
use super::linger::Lingering;
use super::tls::Certificate;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use rustls::server::danger::ClientCertVerifier;
use std::collections::HashMap;
use std::convert::Infallible;
use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// Why the service cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Another address than this machine's own, in the clear.
    #[error(
        "{0} is refused: without TLS only this machine may connect; use 127.0.0.1 or [::1], with a reverse proxy before it if others shall"
    )]
    NotLoopback(SocketAddr),
    /// The system said no.
    #[error("{address}: {source}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the system said, for example that the port is taken.
        source: std::io::Error,
    },
}

/// What a listener grants those who connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest time for a TLS handshake.
    pub handshake: Duration,
    /// Longest time for the head of a request, and between two requests of one connection.
    pub header_read: Duration,
    /// Longest wait for open requests at the end.
    pub grace: Duration,
    /// Connections at once.
    pub connections: u32,
    /// Of them from one address; of IPv6, from one network of 64 bits.
    pub per_address: u32,
}

impl Default for Limits {
    fn default() -> Self {
        let second = Duration::from_secs(1);
        Self {
            handshake: second * 5,
            header_read: second * 10,
            grace: second * 2,
            connections: 32_768,
            per_address: 1_024,
        }
    }
}

/// A bound socket, not yet served.
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
    certificate: Option<Arc<Certificate>>,
    asks: Option<Arc<dyn ClientCertVerifier>>,
}

/// Who is at the other end, as far as the connection tells; among the extensions of each of its requests.
#[derive(Debug, Clone)]
pub(super) struct Peer {
    /// The address; of IPv6 its network of 64 bits. None in the clear, where it is a reverse proxy's.
    pub(super) network: Option<IpAddr>,
    /// The certificate that was shown and verified in the handshake, DER.
    pub(super) certificate: Option<Vec<u8>>,
}

impl Listener {
    /// Binds to an address; port 0 takes any free port. Without a certificate it must be of this machine alone.
    pub async fn bind(address: SocketAddr, certificate: Option<&Arc<Certificate>>) -> Result<Self, ListenError> {
        if certificate.is_none() && !address.ip().is_loopback() {
            return Err(ListenError::NotLoopback(address));
        }
        let failed = |source| ListenError::Bind { address, source };
        let socket = TcpListener::bind(address).await.map_err(failed)?;
        let address = socket.local_addr().map_err(failed)?;
        Ok(Self { socket, address, certificate: certificate.cloned(), asks: None })
    }

    /// Who connects is asked for a certificate, which this verifies.
    #[must_use]
    pub fn asking(self, verifier: Arc<dyn ClientCertVerifier>) -> Self {
        Self { asks: Some(verifier), ..self }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` is done, then lets open requests finish. Who is over a limit is dropped without a word.
    pub async fn serve(self, service: Service, limits: Limits, stop: impl Future<Output = ()>) {
        let (open, graceful) = (Arc::new(Open::default()), GracefulShutdown::new());
        let tls = self.certificate.map(|certificate| certificate.acceptor(self.asks));
        tokio::pin!(stop);
        loop {
            let accepted = tokio::select! {
                accepted = self.socket.accept() => accepted,
                () = &mut stop => break,
            };
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // out of file descriptors: wait for some to be freed, do not spin
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            let Some(place) = Place::take(&open, peer.ip(), limits) else {
                tracing::debug!(%peer, "too many connections; this one is dropped");
                continue;
            };
            let (service, tls, watcher) = (service.clone(), tls.clone(), graceful.watcher());
            tokio::spawn(async move {
                let _place = place;
                let _ = stream.set_nodelay(true); // events are small and should leave at once
                match tls {
                    None => {
                        let peer = Peer { network: None, certificate: None };
                        converse(stream, (service, peer), limits, watcher).await;
                    }
                    Some(tls) => {
                        if let Some(stream) = shake(&tls, stream, limits.handshake).await {
                            let shown = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
                            let certificate = shown.map(|certificate| certificate.to_vec());
                            let peer = Peer { network: Some(network(peer.ip())), certificate };
                            converse(stream, (service, peer), limits, watcher).await;
                        }
                    }
                }
            });
        }
        drop(self.socket);
        if tokio::time::timeout(limits.grace, graceful.shutdown()).await.is_err() {
            tracing::info!("some requests were still open and are cut");
        }
    }
}

async fn shake(tls: &TlsAcceptor, stream: TcpStream, longest: Duration) -> Option<TlsStream<TcpStream>> {
    match tokio::time::timeout(longest, tls.accept(stream)).await {
        Ok(Ok(stream)) => Some(stream),
        Ok(Err(error)) => {
            tracing::debug!(%error, "handshake failed");
            None
        }
        Err(_) => None,
    }
}

/// The address that a request comes from; among its extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Whence(pub(super) IpAddr);

/// Where a request comes from; a call without a socket is of this machine.
pub(super) fn whence(whence: Option<Whence>) -> IpAddr {
    whence.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |whence| whence.0)
}

/// In the clear only this machine connects: then a proxy's word on whom it speaks for is believed, the last one, which it wrote itself.
fn spoken_for<B>(request: &http::Request<B>) -> IpAddr {
    let said = request.headers().get_all("x-forwarded-for").iter().next_back();
    let last = said.and_then(|v| v.to_str().ok()).and_then(|v| v.rsplit(',').next());
    last.and_then(|v| v.trim().parse().ok()).map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), network)
}

/// Answers the requests of one connection.
async fn converse<S>(stream: S, (service, peer): (Service, Peer), limits: Limits, watcher: Watcher)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let handle = hyper::service::service_fn(move |mut request: http::Request<hyper::body::Incoming>| {
        let service = service.clone();
        let whence = Whence(peer.network.unwrap_or_else(|| spoken_for(&request)));
        request.extensions_mut().insert(whence);
        request.extensions_mut().insert(peer.clone());
        async move { Ok::<_, Infallible>(service.answer(request).await) }
    });
    let mut http = hyper::server::conn::http1::Builder::new();
    // it runs between two requests as well: who says nothing for so long is dropped
    http.timer(TokioTimer::new()).header_read_timeout(limits.header_read);
    if let Err(error) = watcher.watch(http.serve_connection(TokioIo::new(Lingering::new(stream)), handle)).await {
        tracing::debug!(%error, "connection ended");
    }
}

/// Open connections: how many, and how many by address.
#[derive(Debug, Default)]
struct Open(Mutex<(u32, HashMap<IpAddr, u32>)>);

/// One of them, until it is dropped.
struct Place {
    open: Arc<Open>,
    of: IpAddr,
}

impl Place {
    /// None when there is no room.
    fn take(open: &Arc<Open>, peer: IpAddr, limits: Limits) -> Option<Self> {
        let of = network(peer);
        let mut places = open.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (all, by_address) = &mut *places;
        if *all >= limits.connections || by_address.get(&of).is_some_and(|mine| *mine >= limits.per_address) {
            return None;
        }
        *all += 1;
        *by_address.entry(of).or_default() += 1;
        Some(Self { open: Arc::clone(open), of })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut places = self.open.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (all, by_address) = &mut *places;
        *all -= 1;
        if let Some(mine) = by_address.get_mut(&self.of) {
            *mine -= 1;
            if *mine == 0 {
                by_address.remove(&self.of);
            }
        }
    }
}

/// Whom an address stands for: of IPv6 everybody has a network of 64 bits.
fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into(),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::Router;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use warp::Filter;

    /// A service that takes its time, on a port of its own; its address, and how to stop it.
    async fn slow(limits: Limits) -> (SocketAddr, tokio::sync::oneshot::Sender<()>, tokio::task::JoinHandle<()>) {
        let slow = warp::path!("slow").then(|| async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            "done"
        });
        let service = Router::new().route("slow", slow).into_service(100);
        let listener = Listener::bind(SocketAddr::from(([127, 0, 0, 1], 0)), None).await.unwrap();
        let address = listener.address();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let serving = tokio::spawn(listener.serve(service, limits, async {
            let _ = stopped.await;
        }));
        (address, stop, serving)
    }

    async fn get(address: SocketAddr) -> std::io::Result<String> {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(b"GET /slow HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        answer
            .rsplit_once("\r\n\r\n")
            .map(|(_, body)| body.to_owned())
            .ok_or_else(|| std::io::ErrorKind::UnexpectedEof.into())
    }

    /// Is the connection ended from the other side?
    async fn dropped(stream: &mut TcpStream) -> bool {
        let mut rest = Vec::new();
        tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut rest)).await.is_ok()
    }

    #[tokio::test]
    async fn it_serves_on_loopback_drops_the_slow_and_stops_in_order() {
        let limits = Limits { header_read: Duration::from_millis(200), ..Limits::default() };
        let (address, stop, serving) = slow(limits).await;
        let mut idle = TcpStream::connect(address).await.unwrap();
        idle.write_all(b"GET /slow HT").await.unwrap();
        assert!(dropped(&mut idle).await, "a client that never ends its headers");
        let mut idle = TcpStream::connect(address).await.unwrap();
        idle.write_all(b"GET /slow HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
        assert!(dropped(&mut idle).await, "a client that asks nothing more");

        let open = tokio::spawn(get(address));
        tokio::time::sleep(Duration::from_millis(100)).await;
        stop.send(()).unwrap();
        assert_eq!(open.await.unwrap().unwrap(), "done", "an open request is finished");
        serving.await.unwrap();
        assert!(get(address).await.is_err());
    }

    #[tokio::test]
    async fn who_is_refused_while_he_still_sends_reads_why() {
        let (address, stop, serving) = slow(Limits::default()).await;
        for _ in 0..8 {
            let mut stream = TcpStream::connect(address).await.unwrap();
            let film = vec![7; 8 << 20];
            let head = format!("POST /film HTTP/1.1\r\nhost: a\r\ncontent-length: {}\r\n\r\n", film.len());
            stream.write_all(head.as_bytes()).await.unwrap();
            stream.write_all(&film).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
        }
        stop.send(()).unwrap();
        serving.await.unwrap();
    }

    #[tokio::test]
    async fn who_is_over_a_cap_is_dropped_and_room_comes_back() {
        for limits in [Limits { connections: 3, ..Limits::default() }, Limits { per_address: 3, ..Limits::default() }] {
            let (address, stop, serving) = slow(limits).await;
            let mut held = Vec::new();
            for _ in 0..3 {
                held.push(TcpStream::connect(address).await.unwrap());
            }
            assert!(dropped(&mut TcpStream::connect(address).await.unwrap()).await, "the fourth");
            held.pop();
            let answer = async { while get(address).await.is_err() {} };
            tokio::time::timeout(Duration::from_secs(5), answer).await.unwrap();
            stop.send(()).unwrap();
            serving.await.unwrap();
        }
        let network = |text: &str| network(text.parse().unwrap()).to_string();
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(network("::ffff:10.0.0.7"), "10.0.0.7");
    }

    #[test]
    fn a_proxy_says_whom_it_speaks_for_and_only_its_own_word_counts() {
        let from = |said: &str| {
            let request = http::Request::get("/").header("x-forwarded-for", said).body(()).unwrap();
            spoken_for(&request).to_string()
        };
        assert_eq!(from("6.6.6.6, 10.1.2.3"), "10.1.2.3");
        assert_eq!(from("2001:db8::1"), "2001:db8::");
        assert_eq!(from("unknown"), "127.0.0.1");
    }

    #[tokio::test]
    async fn an_address_that_others_can_reach_is_refused_in_the_clear() {
        for address in ["0.0.0.0:0", "192.168.1.5:80", "[::]:0"] {
            let error = Listener::bind(address.parse().unwrap(), None).await.err().unwrap().to_string();
            assert!(error.contains(address) && error.contains("without TLS") && error.contains("127.0.0.1"), "{error}");
        }
    }
}
