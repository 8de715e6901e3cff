// A form that leads back to its page leaves the reader where they were; one that was refused shows why.
const PLACE = "afterword.place";
const alertBox = document.querySelector("main [role=alert]");
const place = JSON.parse(sessionStorage.getItem(PLACE) || "null");
sessionStorage.removeItem(PLACE);

if (alertBox) alertBox.scrollIntoView({block: "center"});
else if (place && place.path === location.pathname && Date.now() - place.at < 60_000) {
  const back = () => scrollTo({top: place.top, behavior: "instant"});
  back();
  addEventListener("load", back); // after the browser has gone to the address's fragment
}

document.addEventListener("submit", (event) => {
  if (event.target.method !== "post" || event.target.matches("[hx-boost]")) return;
  sessionStorage.setItem(PLACE, JSON.stringify({path: location.pathname, top: scrollY, at: Date.now()}));
});
