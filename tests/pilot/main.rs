//! Thirty days of a ward, a bus depot and an airport hall, told as one story: `make pilot` lives them all, `make test` a few of them.
//!
//! The server is the real one, with its doors and accounts, its clock is told; the devices are the player's own code with a told
//! clock and a stage that only keeps time. The story knows what it did to each of them ([`truth`]), so every figure and every cause that
//! the server gives out is held against what really happened ([`score`]). What needs a picture or a socket is in stories of its own.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends by panicking; helpers outside #[test] do too")]
#![allow(clippy::print_stdout, reason = "the list of what happened is for people at a terminal")]

mod cast;
mod checks;
#[path = "../browser/chrome.rs"]
#[allow(dead_code, reason = "the stories in Chromium use more of it")]
mod chrome;
#[path = "../common/mod.rs"]
mod common;
mod device;
mod ending;
mod events;
mod figures;
mod house;
mod line;
mod month;
mod office;
mod own_report;
#[path = "../common/paper.rs"]
mod paper;
mod pictures;
mod real;
mod release;
mod score;
mod truth;
#[path = "../common/visitor.rs"]
#[allow(dead_code, reason = "the stories of people use more of it")]
mod visitor;
mod world;

/// A stretch of days, both included, by their number from 0.
type Days = (u32, u32);

/// How long, how many, and on which day of the story what happens.
#[derive(Debug, Clone)]
struct Size {
    days: u32,
    buses: usize,
    /// Screens of the hall on which we play, and those of another vendor.
    managed: usize,
    others: usize,
    release: u32,
    suspended: Days,
    /// Saturdays on which an episode comes in for the Monday after.
    episodes: &'static [u32],
    raised: Days,
    disaster: u32,
    swapped: Days,
    cloned: u32,
    officer: u32,
    /// The last buses but the very last.
    repaired: (usize, Days),
    dark: Days,
    inspected: u32,
    wrong_clock: u32,
    /// Days on which a stick goes to the bus without network.
    sticks: &'static [u32],
}

impl Size {
    /// The month itself.
    fn month() -> Self {
        Self {
            days: 30,
            buses: 200,
            managed: 10,
            others: 60,
            release: 2,
            suspended: (9, 10),
            episodes: &[5, 12, 19, 26],
            raised: (14, 20),
            disaster: 13,
            swapped: (7, 9),
            cloned: 6,
            officer: 11,
            repaired: (5, (4, 17)),
            dark: (18, 24),
            inspected: 25,
            wrong_clock: 4,
            sticks: &[0, 6, 13, 20, 27],
        }
    }

    /// `PILOT=full` is the month itself; else nine days in which everything happens once.
    fn asked() -> Self {
        match std::env::var("PILOT").as_deref() {
            Ok("full") => Self::month(),
            // the same days with few screens
            Ok("few") => Self { buses: 9, managed: 4, others: 4, repaired: (2, (4, 17)), ..Self::month() },
            _ => Self {
                days: 9,
                buses: 5,
                managed: 4,
                others: 4,
                release: 2,
                suspended: (3, 4),
                episodes: &[5],
                raised: (7, 8),
                disaster: 5,
                swapped: (1, 2),
                cloned: 2,
                officer: 4,
                repaired: (1, (1, 6)),
                dark: (5, 6),
                inspected: 8,
                wrong_clock: 4,
                sticks: &[0, 6],
            },
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_of_a_ward_a_depot_and_a_hall() {
    let size = Size::asked();
    let days = size.days;
    let mut month = month::live(size).await;
    if days == 30 {
        pictures::take(&mut month).await;
        real::first_and_last(&mut month.score).await;
    }
    month.score.print();
    month.score.keep(days);
    assert_eq!(month.score.red(), Vec::<String>::new(), "what happened is not what should have happened");
}
