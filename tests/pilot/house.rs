//! The server of the story: its rooms, its three doors with TLS at a told time, and who is told when a screen is dark.

use crate::common::TestData;
use async_trait::async_trait;
use lichphat::certs::Own;
use lichphat::cmd::Context;
use lichphat::cmd::alerts::{Alerts, Post};
use lichphat::cmd::rooms::Rooms;
use lichphat::fleet::Way;
use lichphat::fleet::pairing::Welcome;
use lichphat::notify::NewMessage;
use lichphat::web::{self, App, Certificate, Limits, Listener};
use lichphat_playlists::ports::Clock;
use lichphat_playlists::time::{HANOI, UtcMillis};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// What was mailed, and when by the told clock.
pub(crate) struct Mail {
    clock: Arc<dyn Clock>,
    sent: Mutex<Vec<(UtcMillis, String, String)>>,
}

impl Mail {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self { clock, sent: Mutex::default() })
    }
    /// Time, who, and words of every mail since the told time.
    pub(crate) fn since(&self, from: UtcMillis) -> Vec<(UtcMillis, String, String)> {
        self.sent.lock().unwrap().iter().filter(|(at, ..)| *at >= from).cloned().collect()
    }
}

#[async_trait]
impl Post for Mail {
    async fn send(&self, message: &NewMessage, _id: u64) -> Result<(), String> {
        let words = format!("{}\n{}", message.message.subject, message.message.body);
        self.sent.lock().unwrap().push((self.clock.now(), message.to.clone(), words));
        Ok(())
    }
}

/// It runs until it is stopped, or dropped with its runtime.
pub(crate) struct House {
    pub(crate) rooms: Rooms,
    pub(crate) alerts: Alerts,
    /// `https://127.0.0.1:port` of people.
    pub(crate) url: String,
    /// How boxes come in.
    pub(crate) way: Way,
    addresses: [SocketAddr; 3],
    serving: Vec<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl House {
    /// Opens it over a data directory; a second time at the addresses of the first.
    pub(crate) async fn open(
        data: &TestData,
        context: &Context,
        mail: &Arc<Mail>,
        at: Option<[SocketAddr; 3]>,
    ) -> Self {
        let rooms = Rooms::open(context).unwrap();
        let own = Own::of(data.path());
        own.keep(&[], context.clock.now().day(HANOI)).unwrap();
        let certificate = Certificate::load(&own.chain, &own.key).unwrap();
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let [people, players, pairing] = at.unwrap_or([any; 3]);
        let listen = async |address| Listener::bind(address, Some(&certificate)).await.unwrap();
        let people = listen(people).await;
        let players = listen(players).await.asking(rooms.fleet.verifier());
        let pairing = listen(pairing).await;
        let addresses = [&people, &players, &pairing].map(Listener::address);
        let [url, server, door] = addresses.map(|a| format!("https://{a}"));
        let authority = std::fs::read_to_string(&own.authority).unwrap();
        let way = Way { server, pairing: door, authority };
        let welcome = Arc::new(Welcome { way: way.clone(), keys: rooms.public_keys.clone(), people: url.clone() });
        let app = App { welcome, events_alive: Duration::from_secs(1), ..rooms.app() };
        let doors = [(people, web::people(&app)), (players, web::players(&app)), (pairing, web::pairing(&app))];
        let serving = doors.map(|(listener, service)| {
            let (stop, stopped) = oneshot::channel();
            let limits = Limits { grace: Duration::from_millis(100), ..Limits::default() };
            (stop, tokio::spawn(listener.serve(service, limits, async { drop(stopped.await) })))
        });
        let alerts = Alerts::new(rooms.clone(), &context.settings, mail.clone());
        Self { rooms, alerts, url, way, addresses, serving: serving.into_iter().collect() }
    }

    /// It answers nobody any more; where it stood.
    pub(crate) async fn stop(&mut self) -> [SocketAddr; 3] {
        for (stop, serving) in self.serving.drain(..) {
            let _ = stop.send(());
            serving.await.unwrap();
        }
        self.addresses
    }
}
