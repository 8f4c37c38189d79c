// Runs before anything is painted, so that a remembered theme never flashes.
(() => {
  try {
    const theme = localStorage.getItem("theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch {
    // Storage may be closed to pages; then the system's theme stands.
  }
})();
