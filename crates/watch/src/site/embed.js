// Shows a banner on another page while something is wrong:
//   <script src="https://status.example/embed.js" async></script>
// It reads the status once a minute, sends nothing, and leaves nothing behind when all is well.
(function () {
  "use strict";
  var script = document.currentScript;
  if (!script) return;
  var home = new URL(".", script.src);
  var banner = null;

  function show(status) {
    if (banner) banner.remove();
    banner = null;
    if (status.indicator === "none") return;
    banner = document.createElement("a");
    banner.href = home.href;
    banner.textContent = status.description;
    banner.setAttribute("role", "status");
    banner.style.cssText =
      "display:block;padding:.6rem 1rem;background:#5c3d00;color:#fff;text-align:center;" +
      "font:600 1rem system-ui,sans-serif;text-decoration:underline";
    document.body.prepend(banner);
  }

  function look() {
    fetch(new URL("api/v2/status.json", home), { credentials: "omit" })
      .then(function (answer) {
        if (!answer.ok) throw new Error("status " + answer.status);
        return answer.json();
      })
      .then(function (answer) {
        show(answer.status);
      })
      // The page that includes this works without it.
      .catch(function () {});
  }

  function begin() {
    look();
    setInterval(look, 60000);
  }

  if (document.body) begin();
  else document.addEventListener("DOMContentLoaded", begin);
})();
