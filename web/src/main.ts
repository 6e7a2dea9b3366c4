import "element-plus/dist/index.css";
import "./styles.css";

import { createApp } from "vue";

import App from "./App.vue";
import { keepOnDevice } from "./offline/register";
import { router } from "./router";
import { caller } from "./server/client";
import { endSession, resumeSession } from "./session";
import { i18n, resumeLanguage } from "./words";

resumeLanguage();
resumeSession(new Date());
caller.onSignedOut = () => {
  endSession();
  void router.push({ name: "sign-in", query: { back: router.currentRoute.value.fullPath } });
};

keepOnDevice();
createApp(App).use(i18n).use(router).mount("#app");
