//! Signal processing: filters, splines, gaps, peaks, spectra.
