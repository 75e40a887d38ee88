//! Several sources drawn from in shares.

use std::sync::Arc;

use ambulo::synth::SeededRng;

use super::{LabelledPicture, PictureSource, Pictures, blank};

/// Sources with their shares.
#[derive(Clone, Default)]
pub struct Mixed {
    sources: Vec<(f64, Arc<dyn Pictures>)>,
}

impl Mixed {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// With another source, drawn in this share of all shares. A share that is not positive is never drawn.
    #[must_use]
    pub fn with(mut self, share: f64, source: Arc<dyn Pictures>) -> Self {
        if share > 0.0 && share.is_finite() {
            self.sources.push((share, source));
        }
        self
    }
}

impl Pictures for Mixed {
    fn draw(&self, rng: &mut SeededRng) -> LabelledPicture {
        let total: f64 = self.sources.iter().map(|(share, _)| share).sum();
        let mut left = rng.unit() * total;
        for (share, source) in &self.sources {
            left -= share;
            if left < 0.0 {
                return source.draw(rng);
            }
        }
        match self.sources.last() {
            Some((_, source)) => source.draw(rng),
            None => blank(PictureSource::Synthetic { facing_deg: 0.0 }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Facing(f64);

    impl Pictures for Facing {
        fn draw(&self, _: &mut SeededRng) -> LabelledPicture {
            blank(PictureSource::Synthetic { facing_deg: self.0 })
        }
    }

    #[test]
    fn sources_come_in_their_shares() {
        let mixed = Mixed::new()
            .with(3.0, Arc::new(Facing(1.0)))
            .with(0.0, Arc::new(Facing(2.0)))
            .with(1.0, Arc::new(Facing(3.0)));
        let mut rng = SeededRng::new(1);
        let count = |wanted: f64| {
            let facing = move |drawn: LabelledPicture| {
                drawn.source == PictureSource::Synthetic { facing_deg: wanted }
            };
            let mut rng = SeededRng::new(1);
            (0..4000).filter(|_| facing(mixed.draw(&mut rng))).count()
        };
        assert!((2900..3100).contains(&count(1.0)), "{}", count(1.0));
        assert_eq!((count(2.0), count(1.0) + count(3.0)), (0, 4000));
        assert_eq!(Mixed::new().draw(&mut rng).picture.width_px(), 16);
    }
}
