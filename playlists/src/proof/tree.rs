//! The Merkle tree of the log, as RFC 6962, section 2.1 has it, with SHA-256.
//!
//! Proofs are made from [`Nodes`], whoever keeps them (tiles on disk, leaves in memory), and checked from nothing but
//! hashes. A tree of `size` leaves has leaves `0..size`; a proof is a list of hashes from the leaves upwards.

use crate::ids::Sha256Hash;
use sha2::Digest;

/// Root of the tree without leaves: the hash of nothing.
pub const EMPTY_ROOT: Sha256Hash = Sha256Hash([
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae, 0x41,
    0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
]);

/// Hash of a leaf: `SHA-256(0x00 || entry)`.
pub fn leaf_hash(entry: &[u8]) -> Sha256Hash {
    Sha256Hash(sha2::Sha256::new_with_prefix([0]).chain_update(entry).finalize().into())
}

/// Hash of an inner node: `SHA-256(0x01 || left || right)`.
pub fn node_hash(left: Sha256Hash, right: Sha256Hash) -> Sha256Hash {
    Sha256Hash(sha2::Sha256::new_with_prefix([1]).chain_update(left.0).chain_update(right.0).finalize().into())
}

/// Where the hashes of complete subtrees come from.
pub trait Nodes {
    /// Why one cannot be had.
    type Error;
    /// Root of the complete subtree over leaves `index << level .. (index + 1) << level`.
    fn node(&self, level: u32, index: u64) -> Result<Sha256Hash, Self::Error>;
}

/// Leaf hashes in memory.
impl Nodes for [Sha256Hash] {
    type Error = std::convert::Infallible;
    fn node(&self, level: u32, index: u64) -> Result<Sha256Hash, Self::Error> {
        let first = (index << level) as usize;
        Ok(subtree(&self[first..first + (1 << level)]))
    }
}

/// Root over `hashes`, whose number is a power of two.
pub fn subtree(hashes: &[Sha256Hash]) -> Sha256Hash {
    match hashes {
        [one] => *one,
        many => {
            let (left, right) = many.split_at(many.len() / 2);
            node_hash(subtree(left), subtree(right))
        }
    }
}

/// The largest power of two below `n`, which is at least 2.
fn split(n: u64) -> u64 {
    1 << (63 - (n - 1).leading_zeros())
}

/// Root of the leaves `from..to`, as a tree of its own; the range is one that a split leaves behind.
fn range<N: Nodes + ?Sized>(nodes: &N, from: u64, to: u64) -> Result<Sha256Hash, N::Error> {
    let n = to - from;
    if n.is_power_of_two() {
        return nodes.node(n.trailing_zeros(), from / n);
    }
    let middle = from + split(n);
    Ok(node_hash(range(nodes, from, middle)?, range(nodes, middle, to)?))
}

/// Root of the first `size` leaves.
pub fn root<N: Nodes + ?Sized>(nodes: &N, size: u64) -> Result<Sha256Hash, N::Error> {
    if size == 0 { Ok(EMPTY_ROOT) } else { range(nodes, 0, size) }
}

/// A tree that is read leaf by leaf and knows its root at every size: it remembers the roots of its largest complete
/// subtrees alone, one for each binary digit of the size.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Growing {
    size: u64,
    roots: Vec<Sha256Hash>,
}

impl Growing {
    /// Leaves so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds the next leaf's hash.
    pub fn push(&mut self, leaf: Sha256Hash) {
        let mut hash = leaf;
        // the last subtree is as large as this one as long as the size has a one there
        for _ in 0..self.size.trailing_ones() {
            hash = self.roots.pop().map_or(hash, |left| node_hash(left, hash));
        }
        self.roots.push(hash);
        self.size += 1;
    }

    /// The root now.
    pub fn root(&self) -> Sha256Hash {
        self.roots.iter().rev().copied().reduce(|right, left| node_hash(left, right)).unwrap_or(EMPTY_ROOT)
    }
}

/// Proof that leaf `index` is in the tree of `size` leaves (RFC 6962, 2.1.1); `index` is below `size`.
pub fn inclusion<N: Nodes + ?Sized>(nodes: &N, index: u64, size: u64) -> Result<Vec<Sha256Hash>, N::Error> {
    let (mut from, mut to, mut proof) = (0, size, Vec::new());
    while to - from > 1 {
        let middle = from + split(to - from);
        if index < middle {
            proof.push(range(nodes, middle, to)?);
            to = middle;
        } else {
            proof.push(range(nodes, from, middle)?);
            from = middle;
        }
    }
    proof.reverse();
    Ok(proof)
}

/// Proof that the tree of `new` leaves begins with the one of `old` leaves (RFC 6962, 2.1.2); `old` is at most `new`.
/// It is empty when they are equal or `old` is 0.
pub fn consistency<N: Nodes + ?Sized>(nodes: &N, old: u64, new: u64) -> Result<Vec<Sha256Hash>, N::Error> {
    let mut proof = Vec::new();
    if old == 0 || old == new {
        return Ok(proof);
    }
    let (mut from, mut to) = (0, new);
    // As long as the old tree ends inside, the other half is what a reader needs.
    while to != old {
        let middle = from + split(to - from);
        if old <= middle {
            proof.push(range(nodes, middle, to)?);
            to = middle;
        } else {
            proof.push(range(nodes, from, middle)?);
            from = middle;
        }
    }
    if from > 0 {
        proof.push(range(nodes, from, to)?);
    }
    proof.reverse();
    Ok(proof)
}

/// Proof that many leaves are in the tree of `size` leaves at once: the roots of the largest subtrees that hold none of
/// them, from the left. `indexes` are ascending and below `size`.
pub fn inclusions<N: Nodes + ?Sized>(nodes: &N, indexes: &[u64], size: u64) -> Result<Vec<Sha256Hash>, N::Error> {
    let mut proof = Vec::new();
    if size > 0 {
        gather(nodes, indexes, 0, size, &mut proof)?;
    }
    Ok(proof)
}

fn gather<N: Nodes + ?Sized>(
    nodes: &N,
    indexes: &[u64],
    from: u64,
    to: u64,
    proof: &mut Vec<Sha256Hash>,
) -> Result<(), N::Error> {
    if indexes.is_empty() {
        proof.push(range(nodes, from, to)?);
    } else if to - from > 1 {
        let middle = from + split(to - from);
        let (left, right) = indexes.split_at(indexes.partition_point(|&i| i < middle));
        gather(nodes, left, from, middle, proof)?;
        gather(nodes, right, middle, to, proof)?;
    }
    Ok(())
}

/// The root that `leaves`, by ascending index, and the proof of [`inclusions`] lead to.
pub fn root_of(leaves: &[(u64, Sha256Hash)], size: u64, proof: &[Sha256Hash]) -> Result<Sha256Hash, ProofFault> {
    if leaves.last().is_some_and(|(index, _)| *index >= size) {
        return Err(ProofFault::Beyond);
    }
    let mut rest = proof.iter().copied();
    let root = if size == 0 { EMPTY_ROOT } else { lead(leaves, 0, size, &mut rest)? };
    if rest.next().is_some() { Err(ProofFault::Length) } else { Ok(root) }
}

fn lead(
    leaves: &[(u64, Sha256Hash)],
    from: u64,
    to: u64,
    proof: &mut impl Iterator<Item = Sha256Hash>,
) -> Result<Sha256Hash, ProofFault> {
    match leaves {
        [] => proof.next().ok_or(ProofFault::Length),
        [(index, hash)] if to - from == 1 && *index == from => Ok(*hash),
        // two leaves for one place, or not in order
        _ if to - from == 1 => Err(ProofFault::Length),
        _ => {
            let middle = from + split(to - from);
            let (left, right) = leaves.split_at(leaves.partition_point(|(i, _)| *i < middle));
            Ok(node_hash(lead(left, from, middle, proof)?, lead(right, middle, to, proof)?))
        }
    }
}

/// Why a proof proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofFault {
    /// Leaf or old tree lie beyond the tree.
    #[error("the proof speaks of a place beyond the end of the log")]
    Beyond,
    /// It holds more or fewer hashes than the places ask for.
    #[error("the proof has the wrong length")]
    Length,
    /// It leads to another root.
    #[error("the proof leads to another log than the signed one")]
    Root,
}

/// Checks that the leaf is at `index` in the tree of `size` leaves with `root` (RFC 9162, 2.1.3.2).
pub fn verify_inclusion(
    leaf: Sha256Hash,
    index: u64,
    size: u64,
    proof: &[Sha256Hash],
    root: Sha256Hash,
) -> Result<(), ProofFault> {
    if index >= size {
        return Err(ProofFault::Beyond);
    }
    let (mut at, mut last, mut hash) = (index, size - 1, leaf);
    for &other in proof {
        if last == 0 {
            return Err(ProofFault::Length);
        }
        if at & 1 == 1 || at == last {
            hash = node_hash(other, hash);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(hash, other);
        }
        at >>= 1;
        last >>= 1;
    }
    match (last, hash == root) {
        (0, true) => Ok(()),
        (0, false) => Err(ProofFault::Root),
        _ => Err(ProofFault::Length),
    }
}

/// Checks that the tree of `new` leaves with `new_root` begins with the one of `old` leaves with `old_root`
/// (RFC 9162, 2.1.4.2).
pub fn verify_consistency(
    old: u64,
    new: u64,
    old_root: Sha256Hash,
    new_root: Sha256Hash,
    proof: &[Sha256Hash],
) -> Result<(), ProofFault> {
    let same = |equal: bool| if equal { Ok(()) } else { Err(ProofFault::Root) };
    match (old, proof) {
        _ if old > new => return Err(ProofFault::Beyond),
        (0, []) => return same(old_root == EMPTY_ROOT && (new > 0 || new_root == EMPTY_ROOT)),
        (_, []) if old == new => return same(old_root == new_root),
        (0, _) | (_, []) => return Err(ProofFault::Length),
        _ if old == new => return Err(ProofFault::Length),
        _ => {}
    }
    // a whole subtree stands for itself
    let mut steps = if old.is_power_of_two() { Some(old_root) } else { None }.into_iter().chain(proof.iter().copied());
    let first = steps.next().ok_or(ProofFault::Length)?;
    let shift = (old - 1).trailing_ones();
    let (mut at, mut last) = ((old - 1) >> shift, (new - 1) >> shift);
    let (mut from_old, mut from_new) = (first, first);
    for other in steps {
        if last == 0 {
            return Err(ProofFault::Length);
        }
        if at & 1 == 1 || at == last {
            from_old = node_hash(other, from_old);
            from_new = node_hash(other, from_new);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            from_new = node_hash(from_new, other);
        }
        at >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(ProofFault::Length);
    }
    same(from_old == old_root && from_new == new_root)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn leaves(n: u64) -> Vec<Sha256Hash> {
        (0..n).map(|i| leaf_hash(&i.to_be_bytes())).collect()
    }
    fn whole(leaves: &[Sha256Hash], size: u64) -> Sha256Hash {
        let Ok(root) = root(leaves, size);
        root
    }

    #[test]
    fn the_tree_of_nothing_and_the_published_hashes() {
        assert_eq!(EMPTY_ROOT, Sha256Hash::of(b""));
        // the test vectors of RFC 6962's reference implementation, as certificate-transparency publishes them
        let entries: [&[u8]; 8] = [
            b"",
            &[0x00],
            &[0x10],
            &[0x20, 0x21],
            &[0x30, 0x31],
            &[0x40, 0x41, 0x42, 0x43],
            &[0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
            &[0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f],
        ];
        let leaves: Vec<Sha256Hash> = entries.into_iter().map(leaf_hash).collect();
        let expected = [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        for (size, hex) in (1..).zip(expected) {
            assert_eq!(whole(&leaves, size).to_string(), hex);
        }
    }

    #[test]
    fn a_growing_tree_has_the_root_of_every_size() {
        let (all, mut tree) = (leaves(300), Growing::default());
        for (size, leaf) in (0..).zip(&all) {
            assert_eq!((tree.size(), tree.root()), (size, whole(&all, size)));
            tree.push(*leaf);
        }
    }

    proptest! {
        #[test]
        fn every_leaf_is_proven_and_no_other_place_is(size in 1u64..200, index in any::<prop::sample::Index>(), other in any::<prop::sample::Index>()) {
            let leaves = leaves(size);
            let (index, other) = (index.index(size as usize) as u64, other.index(size as usize) as u64);
            let Ok(proof) = inclusion(&leaves[..], index, size);
            let root = whole(&leaves, size);
            prop_assert_eq!(verify_inclusion(leaves[index as usize], index, size, &proof, root), Ok(()));
            if other != index {
                prop_assert!(verify_inclusion(leaves[index as usize], other, size, &proof, root).is_err());
                prop_assert!(verify_inclusion(leaves[other as usize], index, size, &proof, root).is_err());
            }
        }

        #[test]
        fn many_leaves_are_proven_at_once_and_a_changed_or_moved_one_is_not(
            size in 1u64..200,
            picks in prop::collection::btree_set(any::<prop::sample::Index>().prop_map(|i| i.index(200)), 1..20),
            at in any::<prop::sample::Index>(),
        ) {
            let all = leaves(size);
            let indexes: Vec<u64> = picks.into_iter().map(|i| i as u64 % size).collect::<std::collections::BTreeSet<_>>().into_iter().collect();
            let Ok(proof) = inclusions(&all[..], &indexes, size);
            let mut shown: Vec<(u64, Sha256Hash)> = indexes.iter().map(|&i| (i, all[i as usize])).collect();
            prop_assert_eq!(root_of(&shown, size, &proof), Ok(whole(&all, size)));
            let at = at.index(shown.len());
            shown[at].1 = leaf_hash(b"another story");
            prop_assert_ne!(root_of(&shown, size, &proof), Ok(whole(&all, size)));
            shown.remove(at);
            prop_assert_ne!(root_of(&shown, size, &proof), Ok(whole(&all, size)));
        }

        #[test]
        fn growth_is_proven_and_a_rewrite_is_not(new in 1u64..200, old in any::<prop::sample::Index>(), at in any::<prop::sample::Index>()) {
            let old = old.index(new as usize + 1) as u64;
            let honest = leaves(new);
            let Ok(proof) = consistency(&honest[..], old, new);
            prop_assert_eq!(verify_consistency(old, new, whole(&honest, old), whole(&honest, new), &proof), Ok(()));
            if old > 0 {
                let mut rewritten = honest.clone();
                rewritten[at.index(old as usize)] = leaf_hash(b"another story");
                let Ok(forged) = consistency(&rewritten[..], old, new);
                let old_root = whole(&honest, old);
                prop_assert!(verify_consistency(old, new, old_root, whole(&rewritten, new), &forged).is_err());
                prop_assert!(verify_consistency(old, new, old_root, whole(&rewritten, new), &proof).is_err());
            }
        }

        #[test]
        fn any_proof_is_judged_without_a_panic(index in any::<u64>(), size in any::<u64>(), n in 0usize..70) {
            let proof = vec![leaf_hash(b"x"); n];
            prop_assert!(verify_inclusion(proof.first().copied().unwrap_or(EMPTY_ROOT), index, size, &proof, leaf_hash(b"y")).is_err());
            prop_assert!(index == 0 || verify_consistency(index, size, leaf_hash(b"y"), leaf_hash(b"z"), &proof).is_err());
        }
    }
}
