//! The bounded search for audience: ruin a few plays, lay them out anew, keep what is better.
//!
//! Two moves. *Row*: one campaign laid out anew, all but exactly ([`Row`]). *String*: some neighbouring plays
//! taken off in one to three places and put back one by one at the richest second they find, together with
//! whatever is missing (slack induction by string removals, Christiaens and Vanden Berghe 2020). Accepted
//! like annealing, with integers only.

use super::board::Board;
use super::rng::Rng;
use super::row::Row;

/// A step that can be taken back.
#[derive(Debug, Clone, Copy)]
struct Step {
    placed: bool,
    c: u16,
    start: u32,
}

/// A search on one board.
pub(super) struct Search<'b> {
    board: &'b mut Board,
    rng: Rng,
    row: Row,
    steps: Vec<Step>,
    off: Vec<u16>,
    starts: Vec<u32>,
    stuck: Vec<bool>,
    off_board: Vec<bool>,
    /// Where this round has made room.
    spans: Vec<(u32, u32)>,
    /// What one unit of weighted shortfall is worth in people.
    price: i64,
}

impl<'b> Search<'b> {
    pub(super) fn new(board: &'b mut Board, seed: u64) -> Self {
        let most = board.items.iter().flat_map(|i| &i.segments).map(|s| i64::from(s.people)).max().unwrap_or(0);
        let price = 4 * most.max(1);
        Self {
            board,
            rng: Rng::new(seed),
            row: Row::default(),
            steps: Vec::new(),
            off: Vec::new(),
            starts: Vec::new(),
            stuck: Vec::new(),
            off_board: Vec::new(),
            spans: Vec::new(),
            price,
        }
    }

    fn place(&mut self, c: usize, start: u32) {
        self.board.place(c, start);
        self.steps.push(Step { placed: true, c: c as u16, start });
    }

    fn remove(&mut self, c: usize, start: u32) {
        self.board.remove(c, start);
        self.steps.push(Step { placed: false, c: c as u16, start });
    }

    fn undo(&mut self) {
        while let Some(step) = self.steps.pop() {
            if step.placed {
                self.board.remove(usize::from(step.c), step.start);
            } else {
                self.board.place(usize::from(step.c), step.start);
            }
        }
    }

    /// Weighted plays missing.
    pub(super) fn shortfall(&self) -> u64 {
        self.board.shortfall
    }

    /// The smaller the better.
    fn cost(&self) -> i64 {
        self.board.shortfall as i64 * self.price - self.board.audience as i64
    }

    /// Lays every campaign out anew once, in `order`; keeps each that is not worse. True when any got better.
    pub(super) fn sweep(&mut self, order: &[usize]) -> bool {
        let mut better = false;
        for &c in order {
            let before = self.cost();
            self.lay(c);
            if self.cost() > before {
                self.undo();
            }
            better |= self.cost() < before;
            self.steps.clear();
        }
        better
    }

    fn lay(&mut self, c: usize) {
        let own: Vec<u32> = self.board.starts[c].iter().copied().filter(|&s| s >= self.board.cut_s).collect();
        for start in own {
            self.remove(c, start);
        }
        let mut starts = std::mem::take(&mut self.starts);
        self.row.lay(self.board, c, &mut starts);
        for &start in &starts {
            self.place(c, start);
        }
        self.starts = starts;
    }

    /// `rounds` moves, cooling from a few plays' worth of people down to nothing; ends on the best board seen.
    /// Stops early when `enough` says that the shortfall is small enough.
    pub(super) fn anneal(&mut self, rounds: usize, heat: i64, enough: impl Fn(u64) -> bool) {
        if self.board.plays == 0 {
            return;
        }
        let mean = self.board.audience as i64 / self.board.plays as i64;
        let mut best = (self.cost(), self.board.line().collect::<Vec<_>>());
        for round in 0..rounds {
            if enough(self.board.shortfall) {
                break;
            }
            let before = self.cost();
            self.steps.clear();
            self.string();
            let left = (rounds - round) as i64;
            let temper = mean * heat * left / (rounds as i64 * 100);
            if self.cost() > before + temper * self.rng.exponential_256() / 256 {
                self.undo();
            } else if self.cost() < best.0 {
                best.0 = self.cost();
                best.1.clear();
                best.1.extend(self.board.line());
            }
        }
        if best.0 < self.cost() {
            self.board.set(&best.1);
        }
        self.steps.clear();
    }

    /// Takes strings of neighbours off and puts everything back that finds a place.
    fn string(&mut self) {
        self.off.clear();
        self.spans.clear();
        let pieces = 1 + self.rng.below(3);
        for _ in 0..pieces {
            let length = 1 + self.rng.below(6);
            let from = self.where_to();
            let mut span = (u32::MAX, 0);
            for _ in 0..length {
                let Some((start, c)) = self.board.play(from) else { break };
                self.remove(c, start);
                self.off.push(c as u16);
                span = (span.0.min(start), span.1.max(start + self.board.items[c].dur));
            }
            if span.0 < span.1 {
                self.spans.push(span);
            }
        }
        let taken = self.off.len();
        for c in 0..self.board.items.len() {
            if self.board.missing(c) > 0 && !self.off[..taken].contains(&(c as u16)) {
                self.off.push(c as u16);
            }
        }
        self.back();
    }

    /// Number of the play at which a string begins: anywhere, or where something that is missing may go.
    fn where_to(&mut self) -> usize {
        let items = self.board.items.len();
        if self.board.shortfall > 0 && self.rng.next() & 1 == 0 {
            let from = self.rng.below(items);
            let short = (0..items).map(|k| (from + k) % items).find(|&c| self.board.missing(c) > 0);
            if let Some(segments) = short.map(|c| &self.board.items[c].segments).filter(|s| !s.is_empty()) {
                let segment = segments[self.rng.below(segments.len())];
                let second = segment.lo + self.rng.below((segment.hi - segment.lo) as usize + 1) as u32;
                return self.board.rank(second).saturating_sub(self.rng.below(4));
            }
        }
        self.rng.below(self.board.plays)
    }

    fn richest(&mut self, c: usize) -> Option<u32> {
        let rng = &mut self.rng;
        self.board.best_start(c, || rng.next() & 63 == 0)
    }

    /// A start for something that was missing before: only this round's spans can have room for it.
    fn in_the_room_made(&self, c: usize) -> Option<u32> {
        let reach = self.board.items[c].dur.max(self.board.items[c].category_gap());
        self.spans.iter().find_map(|&(a, b)| self.board.fit_between(c, a.saturating_sub(reach), b + reach, false))
    }

    fn back(&mut self) {
        let mut off = std::mem::take(&mut self.off);
        self.off_board.clear();
        self.off_board.resize(self.board.items.len(), false);
        for step in &self.steps {
            self.off_board[usize::from(step.c)] = true;
        }
        // who goes first: short ones pay best per second, long ones and heavy ones fit worst
        let way = self.rng.below(4);
        for i in (1..off.len()).rev() {
            off.swap(i, self.rng.below(i + 1));
        }
        let items = &self.board.items;
        match way {
            0 => off.sort_by_key(|&c| std::cmp::Reverse(items[usize::from(c)].weight)),
            1 => off.sort_by_key(|&c| items[usize::from(c)].dur),
            2 => off.sort_by_key(|&c| std::cmp::Reverse(items[usize::from(c)].dur)),
            _ => {}
        }
        self.stuck.clear();
        self.stuck.resize(self.board.items.len(), false);
        for c in off.iter().map(|&c| usize::from(c)) {
            // what found no place finds none a moment later on a fuller board
            if self.stuck[c] {
                continue;
            }
            match if self.off_board[c] { self.richest(c) } else { self.in_the_room_made(c) } {
                Some(start) => self.place(c, start),
                None => self.stuck[c] = true,
            }
        }
        self.off = off;
    }
}
