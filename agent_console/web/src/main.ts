import { createPinia } from 'pinia'
import { createApp } from 'vue'

import { whenUnauthorized } from './api/http'
import App from './App.vue'
import { registerElements } from './element'
import { makeRouter } from './router'
import { useSession } from './stores/session'

import './styles/tokens.css'
import './styles/base.css'

const app = createApp(App)
app.use(createPinia())
app.use(makeRouter())
registerElements(app)
// The session ended at the server: the frame leads to the sign-in page.
whenUnauthorized(() => useSession().forget())
app.mount('#app')
