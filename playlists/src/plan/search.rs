//! The bounded search: take some plays off, lay them out anew, keep what is better ([`super::moves`]).
//!
//! Accepted like annealing (Kirkpatrick, Gelatt, Vecchi 1983), with integers only, so that every machine does the same.

use super::board::Board;
use super::rng::Rng;
use super::row::Row;
use super::way::Way;

/// Heat at the beginning, in hundredths of a play's mean people; it falls with the square of what is left to do.
const HEAT: i64 = 40;

/// How often each of the search's moves is tried, of 256 times; strings take the rest.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mix {
    pub(super) combs: usize,
    pub(super) packs: usize,
    /// Plays put beside others. With any of these, combs shove aside what is in their way instead of taking it off.
    pub(super) besides: usize,
}

/// A step that can be taken back.
#[derive(Debug, Clone, Copy)]
struct Step {
    placed: bool,
    c: u16,
    start: u32,
}

/// What was done since the best board: less work than keeping a copy of each that was the best for a moment.
#[derive(Debug, Default)]
struct Since(Vec<Step>);

impl Since {
    fn add(&mut self, steps: &[Step], most: usize) {
        self.0.extend(steps);
        if self.0.len() > most {
            self.cancel();
        }
    }

    /// Leaves out what was undone by a later step.
    fn cancel(&mut self) {
        self.0.sort_by_key(|s| (s.start, s.c));
        let same = |a: &Step, b: &Step| (a.start, a.c) == (b.start, b.c);
        // a start is taken and left in turn, so of an even number nothing remains
        let net: Vec<Step> = self.0.chunk_by(same).filter(|of| of.len() % 2 == 1).map(|of| of[0]).collect();
        self.0 = net;
    }

    fn take_back(mut self, board: &mut Board) {
        self.cancel();
        for step in self.0.iter().filter(|s| s.placed) {
            board.remove(usize::from(step.c), step.start);
        }
        for step in self.0.iter().filter(|s| !s.placed) {
            board.place(usize::from(step.c), step.start);
        }
    }
}

/// A search on one board.
pub(super) struct Search<'b> {
    pub(super) board: &'b mut Board,
    pub(super) rng: Rng,
    pub(super) row: Row,
    pub(super) way: Way,
    /// What this round has done so far.
    steps: Vec<Step>,
    /// Campaigns of plays that this round still has to put back.
    pub(super) off: Vec<u16>,
    /// Where this round has made room.
    pub(super) spans: Vec<(u32, u32)>,
    pub(super) starts: Vec<u32>,
    pub(super) plays: Vec<(u32, u16)>,
    pub(super) shoved: Vec<(u32, u16)>,
    pub(super) stuck: Vec<bool>,
    pub(super) taken_off: Vec<bool>,
    /// What one unit of weighted shortfall is worth in people.
    price: i64,
}

impl<'b> Search<'b> {
    pub(super) fn new(board: &'b mut Board, seed: u64) -> Self {
        let most = board.items.iter().flat_map(|i| &i.segments).map(|s| i64::from(s.people)).max().unwrap_or(0);
        Self {
            board,
            rng: Rng::new(seed),
            row: Row::default(),
            way: Way::default(),
            steps: Vec::new(),
            off: Vec::new(),
            spans: Vec::new(),
            starts: Vec::new(),
            plays: Vec::new(),
            shoved: Vec::new(),
            stuck: Vec::new(),
            taken_off: Vec::new(),
            price: 4 * most.max(1),
        }
    }

    pub(super) fn place(&mut self, c: usize, start: u32) {
        self.board.place(c, start);
        self.steps.push(Step { placed: true, c: c as u16, start });
    }

    pub(super) fn remove(&mut self, c: usize, start: u32) {
        self.board.remove(c, start);
        self.steps.push(Step { placed: false, c: c as u16, start });
    }

    /// What is done from here on can be undone.
    pub(super) fn begin(&mut self) {
        self.steps.clear();
    }

    /// Campaigns that this round has had in hand, each once.
    pub(super) fn touched(&self, out: &mut Vec<usize>) {
        out.clear();
        out.extend(self.steps.iter().map(|s| usize::from(s.c)));
        out.sort_unstable();
        out.dedup();
    }

    pub(super) fn undo(&mut self) {
        while let Some(step) = self.steps.pop() {
            if step.placed {
                self.board.remove(usize::from(step.c), step.start);
            } else {
                self.board.place(usize::from(step.c), step.start);
            }
        }
    }

    /// Marks the campaigns that this round has had in hand.
    pub(super) fn mark_taken_off(&mut self) {
        self.taken_off.clear();
        self.taken_off.resize(self.board.items.len(), false);
        for step in &self.steps {
            self.taken_off[usize::from(step.c)] = true;
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

    /// `rounds` moves out of `mix`, cooling down to nothing; ends on the best board seen. Stops early when `enough` says that the
    /// shortfall is small enough.
    pub(super) fn anneal(&mut self, rounds: usize, mix: Mix, enough: impl Fn(u64) -> bool) {
        if self.board.plays == 0 {
            return;
        }
        let mean = self.board.audience as i64 / self.board.plays as i64;
        let mut best = self.cost();
        let mut since = Since::default();
        for round in 0..rounds {
            if enough(self.board.shortfall) {
                break;
            }
            let before = self.cost();
            self.steps.clear();
            match self.rng.below(256) {
                k if k < mix.combs => self.comb(mean, mix.besides > 0),
                k if k < mix.combs + mix.packs => self.pack(),
                k if k < mix.combs + mix.packs + mix.besides => self.beside(),
                _ => self.string(),
            }
            let (left, all) = ((rounds - round) as i64, rounds as i64);
            let millionths = left * left / all * 1_000_000 / all;
            let heat = mean * HEAT * millionths / 100_000_000;
            if self.cost() > before + heat * self.rng.exponential_256() / 256 {
                self.undo();
            } else if self.cost() < best {
                best = self.cost();
                since.0.clear();
            } else {
                since.add(&self.steps, 8 * self.board.plays);
            }
        }
        if best < self.cost() {
            since.take_back(self.board);
        }
        self.steps.clear();
    }
}
