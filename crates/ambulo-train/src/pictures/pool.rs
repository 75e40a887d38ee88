//! Pictures that are made once and shown many times.

use std::sync::{Arc, OnceLock};

use ambulo::synth::SeededRng;

use super::{LabelledPicture, Pictures, picture_rng};

/// The first pictures of a source, each kept once it has been drawn: for sources that take longer to draw
/// a picture than a network to learn from it.
pub struct Pool {
    source: Arc<dyn Pictures>,
    seed: u64,
    kept: Vec<OnceLock<LabelledPicture>>,
}

impl Pool {
    /// A pool of so many pictures of a source, those of this seed.
    pub fn new(source: Arc<dyn Pictures>, seed: u64, pictures: usize) -> Self {
        Self {
            source,
            seed,
            kept: (0..pictures.max(1)).map(|_| OnceLock::new()).collect(),
        }
    }
}

impl Pictures for Pool {
    fn draw(&self, rng: &mut SeededRng) -> LabelledPicture {
        let place = rng.below(self.kept.len());
        let make = || {
            let mut rng = picture_rng(self.seed, place as u64);
            self.source.draw(&mut rng)
        };
        self.kept[place].get_or_init(make).clone()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::pictures::{PictureSource, blank};

    #[derive(Default)]
    struct Counted(AtomicUsize);

    impl Pictures for Counted {
        fn draw(&self, rng: &mut SeededRng) -> LabelledPicture {
            self.0.fetch_add(1, Ordering::Relaxed);
            let facing_deg = rng.unit();
            blank(PictureSource::Synthetic { facing_deg })
        }
    }

    #[test]
    fn every_picture_is_made_once_and_depends_on_its_place_alone() {
        let source = Arc::new(Counted::default());
        let pool = Pool::new(source.clone(), 3, 5);
        let again = Pool::new(source.clone(), 3, 5);
        let draw = |pool: &Pool, seed| pool.draw(&mut SeededRng::new(seed));
        let first: Vec<_> = (0..60).map(|seed| draw(&pool, seed)).collect();
        assert_eq!(source.0.load(Ordering::Relaxed), 5);
        let second: Vec<_> = (0..60).rev().map(|seed| draw(&again, seed)).collect();
        assert!(first.iter().eq(second.iter().rev()));
    }
}
