// Before the first paint, so that nobody who works in the dark is shown a white page.
(() => {
  try {
    const theme = localStorage.getItem('faultwire.theme');
    if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
  } catch {
    // A browser that keeps nothing: its own preference holds.
  }
})();
