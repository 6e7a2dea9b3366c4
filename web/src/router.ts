import { createRouter, createWebHistory } from "vue-router";

import { drivesOnly, session } from "./session";

export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: "/sign-in", name: "sign-in", component: () => import("./sign_in/SignInPage.vue") },
    { path: "/", name: "console", component: () => import("./console/ConsolePage.vue") },
    { path: "/rules", name: "rules", component: () => import("./rules/RulesPage.vue") },
    { path: "/driver", name: "driver", component: () => import("./driver/DriverPage.vue") },
    { path: "/rent", name: "rent", component: () => import("./rentals/RenterPage.vue") },
    { path: "/rentals", name: "rentals", component: () => import("./rentals/RentalsPage.vue") },
    { path: "/:rest(.*)*", redirect: "/" },
  ],
});

router.beforeEach((to) => {
  if (to.name === "sign-in") return true;
  if (session.person === null) return { name: "sign-in", query: to.path === "/" ? {} : { back: to.fullPath } };
  if ((to.name === "console" || to.name === "rules") && drivesOnly(session.person)) return { name: "driver" };
  return true;
});
